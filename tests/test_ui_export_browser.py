"""The Export page in a real Chromium: fixes, download, the dialog that deletes, keyboard and accessibility."""

import json
import re
import shutil
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.accessible import faults, tab_round
from tests.browser import dashboard, settled, watched_tab
from tests.scored import HOSTILE

pytestmark = pytest.mark.browser
#: Drops all that p calls likely, ends of turn among it: more than one check stops.
HARSH = "run=problems&preset=paper&novelty.value=0.0"


@pytest.fixture(scope="module")
def home(scored, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "home"
    shutil.copytree(scored, folder)
    return folder


@pytest.fixture(scope="module")
def server(home, tmp_path_factory):
    with dashboard(home, tmp_path_factory.mktemp("server") / "log") as address:
        yield address


@pytest.fixture
def page(browser, server):
    with watched_tab(browser) as tab:
        yield tab


def at(page, server, query="run=problems"):
    page.goto(f"{server}/export?{query}")
    settled(page)


def command(page):
    return page.get_by_test_id("stCode").filter(has_text="xtf export").inner_text()


def press(page, name):
    page.get_by_role("button", name=name).first.click()
    settled(page)


def unfold(page, title, inside):
    """Opens an expander by the keyboard, and waits for what is in it."""
    page.locator("summary").filter(has_text=title, visible=True).first.press("Enter")
    page.get_by_text(inside, exact=True).first.wait_for()
    settled(page)


def no_control_is_out_of_reach(page):
    page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    tab_round(page)


def test_a_link_opens_the_page_with_its_thresholds_and_a_fix_mends_them(page, server):
    at(page, server, HARSH)
    assert "--novelty-cutoff 0.0" in command(page)
    prepare = page.get_by_role("button", name="Prepare")
    assert prepare.is_disabled()
    page.get_by_text("End of turn", exact=True).wait_for()
    page.locator(".st-key-finding-eos").get_by_role("button", name="Protect them").click()
    page.get_by_text("Done: Protect them.").wait_for()
    settled(page)
    assert "--protect-eos" in command(page) and "protect_eos=true" in page.url
    press(page, "Undo")
    page.get_by_text("Done: Protect them.").wait_for(state="detached")
    settled(page)
    assert "--protect-eos" not in command(page)


def test_the_examples_concerned_are_shown_in_explore(page, server):
    at(page, server, HARSH)
    page.get_by_role("link", name=re.compile("Show the [0-9]+ in Explore")).click()
    page.get_by_role("heading", name="Explore", level=1).wait_for()
    settled(page)
    assert "pick=under%3A1" in page.url and page.get_by_text("keep no token").first.is_visible()


def test_one_example_is_opened_by_its_hostile_id(page, server):
    at(page, server, HARSH.replace("problems", "hostile"))
    page.locator(".st-key-finding-eos").get_by_role("button", name="Show the 3 examples").click()
    page.get_by_role("combobox", name="Example").press("ArrowDown")
    page.get_by_role("option").nth(1).click()
    page.locator("a[href*='example=1']", has_text="Open it in Explore").click()  # the link of that option
    page.get_by_role("heading", name="Explore", level=1).wait_for()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["example"] == [f"1 {HOSTILE}"]


def test_stops_and_options_are_within_reach_of_the_keyboard_and_of_axe(page, server):
    at(page, server, HARSH)
    unfold(page, "Format and options", "Columns of scores")
    assert faults(page) == []
    no_control_is_out_of_reach(page)


def test_from_thresholds_to_the_files_and_away_again(page, server, home, tmp_path):
    at(page, server)
    page.get_by_role("radio", name="Axolotl").click()
    settled(page)
    press(page, "Prepare")
    page.get_by_text("4 · Train with it").wait_for(timeout=60_000)
    assert page.get_by_role("tab", selected=True).inner_text() == "axolotl.yaml"
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Download the folder")).click()
    target = tmp_path / "export.zip"
    download.value.save_as(target)
    with zipfile.ZipFile(target) as archive:
        archive.extractall(tmp_path)
    record = json.loads((tmp_path / "problems-corrected" / "export.json").read_text())
    assert record["format"] == "hf" and (tmp_path / "problems-corrected" / "recipes" / "axolotl.yaml").is_file()

    unfold(page, "Read it, or copy it", "Read it, or copy it")
    unfold(page, "To a dataset repository", "Write token")
    unfold(page, "Prepared exports: 1", "Delete …")
    assert faults(page) == []
    no_control_is_out_of_reach(page)
    page.set_viewport_size({"width": 800, "height": 900})
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth")
    settled(page)

    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("dialog").get_by_text("problems-hf-").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").wait_for(state="detached")
    settled(page)
    assert len(list((home / "exports").iterdir())) == 1
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_role("button", name="Prepare").wait_for()
    settled(page)
    assert list((home / "exports").iterdir()) == []


def test_hostile_ids_are_text(page, server):
    at(page, server, "run=hostile")
    page.get_by_role("radio", name="Another").click()
    page.get_by_text("For a script of your own").wait_for()  # of this trainer alone
    settled(page)
    for number, toggle in enumerate(page.get_by_text("Go on all the same").all(), 1):
        toggle.click()
        page.get_by_text(f"{number} accepted").wait_for()
        settled(page)
    page.get_by_role("button", name="Prepare").click()
    page.locator(".xtf-example").first.wait_for(timeout=60_000)
    settled(page)
    assert page.locator(".xtf-example script, .xtf-example img").count() == 0
    assert "<script>alert(1)</script>" in page.locator(".xtf-example").first.inner_text()
