"""Every page against axe-core's rules, in light and dark, and by the keyboard alone, in a real Chromium."""

from pathlib import Path

import pytest

from tests.browser import dashboard, settled
from xtf.ui import frame

pytestmark = pytest.mark.browser
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
PATHS = {title: path.removeprefix("app").removeprefix("pages/").removesuffix(".py")
         for path, (title, _) in frame._PAGES.items()}
KEYS = (Path(__file__).parent / "js" / "keyboard.js").read_text(encoding="utf-8")
MOST_STOPS = 400  # more would be a trap


@pytest.fixture(scope="module")
def server(scored, tmp_path_factory):
    with dashboard(scored, tmp_path_factory.mktemp("server") / "log") as address:
        yield address


@pytest.fixture(params=PATHS)
def page(request, browser, server):
    """Each page of the dashboard in turn."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    tab = context.new_page()
    tab.goto(f"{server}/{PATHS[request.param]}")
    settled(tab)
    yield tab
    context.close()


def faults(page):
    """What axe-core calls serious or critical, in light and dark: rule, place, and what to do."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("s => getComputedStyle(document.querySelector('.stApp')).colorScheme === s", arg=scheme)
        page.wait_for_timeout(500)  # colours fade over
        found += [(scheme, fault["id"], node["target"], node["html"], node["failureSummary"])
                  for fault in axe.Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")
                  for node in fault["nodes"]]
    return found


def test_axe_finds_no_serious_fault(page):
    assert faults(page) == []
    for tab in page.get_by_role("tab", selected=False).all():
        tab.click()
        settled(page)
        assert faults(page) == []


def test_every_control_is_reached_by_tab_and_shows_it(page):
    page.evaluate(KEYS)
    met = []
    while not met or met[-1] != "round":
        page.keyboard.press("Tab")
        met.append(page.evaluate("keyboard.arrive()"))
        assert len(met) < MOST_STOPS, "the focus never comes round"
    assert met.count("new") > 5
    assert page.evaluate("keyboard.missed()") == []
    assert page.evaluate("keyboard.unseen()") == []
