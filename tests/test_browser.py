"""The dashboard as a stranger uses it, in a real Chromium."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.parse

import pytest

from tests.browser import ROOT, dashboard, settled, watched_tab
from tests.scored import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser):
    with watched_tab(browser) as tab:
        yield tab


def metric(page, label) -> str:
    found = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))
    return found.get_by_test_id("stMetricValue").inner_text()


def go(page, name) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name, level=1).wait_for()
    settled(page)


def test_thresholds_example_and_run_live_in_the_url(page, site):
    page.goto(f"{site}/thresholds?run=problems&novelty.value=0.004")
    settled(page)
    kept = page.locator(".number[aria-label=Kept] .value").inner_text()
    go(page, "Explore")
    page.keyboard.press("j")
    page.get_by_text("Example 2 of 6").wait_for()
    settled(page)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    assert query["run"] == ["problems"] and query["novelty.value"] == ["0.004"]
    address_seen = page.url
    page.keyboard.press("k")
    page.get_by_text("Example 1 of 6").wait_for()
    page.goto(address_seen)
    page.get_by_text("Example 2 of 6").wait_for()
    go(page, "Home")
    assert metric(page, "Kept") == kept


def test_hostile_text_is_shown_as_itself(page, site):
    page.goto(f"{site}/explore?run=hostile")
    settled(page)
    text = page.locator(".view .text")
    text.locator(".token").first.wait_for()
    shown = re.sub(r"\s", "", "".join(text.all_inner_texts()))
    for part in ("<script>alert(1)</script>", "**bold**", "`code`", "$x^2$", ":red[red]", "שלום", "🙂"):
        assert part.replace(" ", "") in shown, part
    assert page.locator("script", has_text="alert(1)").count() == 0
    page.goto(f"{site}/thresholds?run={urllib.parse.quote(HOSTILE)}")
    settled(page)
    told = page.get_by_test_id("stAlert").inner_text()
    for part in ("<script>alert(1)</script>", "**bold**", "`code`", "$x^2$", ":red[red]", ":smile:", "[a](http"):
        assert part in told, part


def test_a_run_is_deleted_after_a_question(page, scored, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(scored, home)
    with dashboard(home, tmp_path / "log") as address:
        page.goto(address)
        settled(page)
        table = page.get_by_test_id("stDataFrame")
        table.locator(".dvn-scroller").click(position={"x": 18, "y": 52})
        page.get_by_role("button", name="Delete …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("problems").wait_for()
        dialog.get_by_role("button", name="Delete").click()
        page.get_by_text("Run problems is deleted").wait_for()
        page.get_by_text("Run hostile").wait_for()  # the first line of the page about it
        settled(page)
        assert not (home / "runs" / "problems").exists() and (home / "runs" / "hostile").exists()
        assert page.get_by_test_id("stSidebar").get_by_role("combobox").input_value() == "hostile"


@pytest.mark.slow
def test_from_first_start_to_the_exported_labels(page, tmp_path):
    """Open → the demo is scored → move the KN cutoff → the kept share changes → export. The command line that the page
    shows to copy gives the same labels."""
    home = tmp_path / "home"
    with dashboard(home, tmp_path / "log") as address:
        page.goto(address)
        page.get_by_role("button", name="Cancel").wait_for(timeout=60_000)
        page.get_by_text("Already known", exact=True).wait_for(timeout=400_000)  # no reload: it comes by itself
        settled(page)
        assert metric(page, "Examples") == "24"
        before = metric(page, "Kept")

        go(page, "Thresholds")
        handle = page.get_by_role("slider", name="Threshold of Knowledge novelty")
        for _ in range(6):  # five points each
            handle.press("PageDown")
        handle.press("Enter")
        page.wait_for_url(re.compile(r"novelty\.value=0\.65(&|$)"))
        page.get_by_text("points against corrected").wait_for()
        settled(page)
        after = page.locator(".number[aria-label=Kept] .value").inner_text()
        assert after != before and float(after.split()[0]) < float(before.split()[0])

        go(page, "Export")
        assert metric(page, "Kept") == after
        page.get_by_text("Format and options", exact=True).click()
        page.get_by_role("radio", name="JSON Lines").click()
        command = page.get_by_test_id("stCode").filter(has_text="--format jsonl").inner_text()
        page.get_by_role("button", name="Prepare").click()
        with page.expect_download(timeout=90_000) as download:
            page.get_by_role("link", name="Only the data").click(timeout=60_000)
        rows = [json.loads(line) for line in download.value.path().read_text().splitlines()]

    assert "--preset corrected --novelty-cutoff 0.65 --format jsonl" in command
    environment, program, *argv = shlex.split(command)
    assert program == "xtf"
    subprocess.run([sys.executable, "-m", "xtf", *argv[:-1], str(tmp_path / "out")], check=True, cwd=ROOT,
                   env=os.environ | dict([environment.split("=", 1)]))
    expected = [json.loads(line) for line in (tmp_path / "out" / "data.jsonl").read_text().splitlines()]
    assert [row["labels"] for row in rows] == [row["labels"] for row in expected]
    assert rows == expected and len(rows) == 24 and set(rows[0]) == {"input_ids", "attention_mask", "labels"}
    kept = sum(label != -100 for row in rows for label in row["labels"])
    assert 0 < kept < sum(map(len, (row["labels"] for row in rows)))
