"""Every page as the first that a fresh server shows, in a real Chromium: its frame, by the keyboard alone, and against
axe-core's rules in light and dark. All three look at one tab, since a page takes seconds to open."""

import pytest

from tests.accessible import faults, tab_round
from tests.browser import dashboard, settled, watched_tab

pytestmark = pytest.mark.browser
PAGES = {"": "Home", "score": "Score", "explore": "Explore", "thresholds": "Thresholds",
         "dataset": "Dataset", "tokens": "Tokens", "settings": "Settings", "export": "Export",
         "finetune": "Fine-tune", "compare": "Compare", "disagreement": "Disagreement", "evidence": "Evidence",
         "value": "Value", "present": "Present", "method": "Method"}


@pytest.fixture(scope="module", params=PAGES, ids=PAGES.values())
def path(request):
    """Where each page of the dashboard lies, in turn."""
    return request.param


@pytest.fixture(scope="module")
def page(path, browser, scored, tmp_path_factory):
    """A tab in which the page has drawn itself; nobody has visited its server before."""
    with (dashboard(scored, tmp_path_factory.mktemp("server") / "log") as address,
          watched_tab(browser) as tab):
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


def test_every_control_is_reached_by_tab_and_shows_it(page):
    assert tab_round(page) > 5


def test_axe_finds_no_serious_fault(page):
    assert faults(page) == []
    for name in page.get_by_role("tab", selected=False).all_inner_texts():
        page.get_by_role("tab", name=name, exact=True).click()
        page.get_by_role("tabpanel", name=name, exact=True).get_by_test_id("stElementContainer").first.wait_for()
        settled(page)
        assert faults(page) == []
