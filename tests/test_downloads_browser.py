"""A file is saved by a click in a real Chromium: the same bytes, a harmless name, and the page stays."""

import random
import zipfile

import pytest

from tests.browser import settled, still, watched_tab
from tests.files import offered

CONTENT = random.Random(1).randbytes(2_000_000)
FILES = [("exports/run/data.parquet", '../<b>"ünï"\u202e</b>.parquet'), ("exports/run", "run.zip"),
         ("exports/gone.jsonl", "gone.jsonl")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    home = tmp_path_factory.mktemp("site")
    (home / "exports" / "run").mkdir(parents=True)
    (home / "exports" / "run" / "data.parquet").write_bytes(CONTENT)
    (home / "exports" / "gone.jsonl").write_text("{}")
    with offered(home, FILES) as (address, _):
        yield home, address


@pytest.mark.browser
def test_a_click_or_a_key_saves_the_file_and_the_page_stays(browser, site):
    _, address = site
    with watched_tab(browser) as page:
        page.goto(address)
        settled(page)
        page.get_by_role("button", name="Count").click()
        page.get_by_text("counted 1").wait_for()
        for save in (page.get_by_role("link", name="Take 0").click,
                     lambda: page.get_by_role("link", name="Take 0").press("Enter")):
            with page.expect_download() as saved:
                save()
            assert saved.value.path().read_bytes() == CONTENT
            assert saved.value.suggested_filename == "__b__ünï____b_.parquet"
        with page.expect_download() as saved:
            page.get_by_role("link", name="Take 1").click()
        with zipfile.ZipFile(saved.value.path()) as archive:
            assert archive.read("run/data.parquet") == CONTENT
        assert page.get_by_text("counted 1").is_visible() and len(page.context.pages) == 1
        page.get_by_role("button", name="Count").click()
        page.get_by_text("counted 2").wait_for()


@pytest.mark.browser
def test_a_file_that_is_gone_is_told_beside_the_page(browser, site):
    home, address = site
    with watched_tab(browser) as page:
        page.goto(address)
        settled(page)
        (home / "exports" / "gone.jsonl").unlink()
        with page.expect_popup() as told:
            page.get_by_role("link", name="Take 2").click()
        told.value.get_by_text("prepare it once more").wait_for()
        assert told.value.locator("body").inner_text().strip() == \
            "gone.jsonl is not there any more: prepare it once more."
        assert page.get_by_role("heading", name="Files").is_visible()
    (home / "exports" / "gone.jsonl").write_text("{}")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_looks_like_the_primary_button_beside_it(browser, site, scheme):
    _, address = site
    with watched_tab(browser, color_scheme=scheme) as page:
        page.goto(address)
        settled(page)
        link = page.get_by_role("link", name="Take 0")
        button = page.get_by_role("button", name="Load 0")
        for state in ("rest", "hover", "focus"):
            assert _looks(page, link, state) == _looks(page, button, state), state
        _focus(page, link)
        assert link.evaluate("found => getComputedStyle(found).boxShadow") != "none"


def _looks(page, found, state):
    """How it is drawn at rest, under the pointer, or focused by the keyboard."""
    page.mouse.move(0, 0)
    if state == "hover":
        found.hover()
    if state == "focus":
        _focus(page, found)
    still(page)  # colours change gently
    names = ["backgroundColor", "borderColor", "color", "fontSize", "height", "borderRadius"]
    return found.evaluate("(found, names) => names.map(name => getComputedStyle(found)[name])", names)


def _focus(page, found):
    """By nothing but the Tab key."""
    for _ in range(20):
        if found.evaluate("found => found === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")
