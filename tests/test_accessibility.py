"""Every page as the first that a fresh server shows, in a real Chromium: its frame, by the keyboard alone, and against
axe-core's rules in light and dark. All three look at one tab, since a page takes seconds to open."""

from pathlib import Path

import pytest

from tests.browser import dashboard, settled, still, watched_tab

pytestmark = pytest.mark.browser
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
PAGES = {"": "Home", "score": "Score", "explore": "Explore", "thresholds": "Thresholds",
         "dataset": "Dataset", "tokens": "Tokens", "settings": "Settings", "export": "Export",
         "finetune": "Fine-tune", "compare": "Compare", "disagreement": "Disagreement", "evidence": "Evidence",
         "value": "Value", "present": "Present", "method": "Method"}
KEYS = (Path(__file__).parent / "js" / "keyboard.js").read_text(encoding="utf-8")
MOST_STOPS = 400  # more would be a trap
#: All that another scheme changes; the other rules read the page as it is, which is the same.
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}


@pytest.fixture(scope="module", params=PAGES, ids=PAGES.values())
def path(request):
    """Where each page of the dashboard lies, in turn."""
    return request.param


@pytest.fixture(scope="module")
def page(path, browser, scored, tmp_path_factory):
    """A tab in which the page has drawn itself; nobody has visited its server before."""
    with (dashboard(scored, tmp_path_factory.mktemp("server") / "log") as address,
          watched_tab(browser, viewport={"width": 1280, "height": 900}, color_scheme="light") as tab):
        tab.goto(f"{address}/{path}")
        settled(tab)
        yield tab


def test_a_fresh_server_shows_the_same_frame_on_any_page(path, page):
    title, sidebar = PAGES[path], page.get_by_test_id("stSidebar")
    assert page.get_by_role("heading", level=1).all_inner_texts()[0] == title
    assert page.title() == f"{title} · XTF"
    if path == "present":  # to people in a room, who need no way elsewhere
        assert not sidebar.is_visible()
    else:
        links = [link.inner_text().split("\n")[-1] for link in sidebar.get_by_role("link").all()]
        assert links == list(PAGES.values())
        assert ("kept" in sidebar.inner_text()) is (path not in ("score", "evidence"))  # which are about no run
    parts = {"stSidebarLogo": 1, "stSelectbox": 1, "stSidebarNav": 0}  # the last is Streamlit's own list of pages
    assert {part: sidebar.get_by_test_id(part).count() for part in parts} == parts
    assert [page.get_by_test_id(fault).count() for fault in ("stException", "stAlertContentError")] == [0, 0]


def faults(page):
    """What axe-core calls serious or critical, in light, and of colours in dark, too: rule, place, and what to do."""
    found = []
    for scheme, options in (("light", {"resultTypes": ["violations"]}), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("s => getComputedStyle(document.querySelector('.stApp')).colorScheme === s", arg=scheme)
        still(page)  # colours fade over
        violations = axe.Axe().run(page, options=options).response["violations"]
        found += [(scheme, fault["id"], node["target"], node["html"], node["failureSummary"])
                  for fault in violations if fault["impact"] in ("serious", "critical") for node in fault["nodes"]]
    return found


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


def test_axe_finds_no_serious_fault(page):
    assert faults(page) == []
    for name in page.get_by_role("tab", selected=False).all_inner_texts():
        page.get_by_role("tab", name=name, exact=True).click()
        page.get_by_role("tabpanel", name=name, exact=True).get_by_test_id("stElementContainer").first.wait_for()
        settled(page)
        assert faults(page) == []
