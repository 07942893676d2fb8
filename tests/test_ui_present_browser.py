"""The presentation in a real Chromium: arrow keys go through it, the picture is drawn, and the way out leads back."""

import pytest

from tests.browser import settled, watched_tab

pytestmark = pytest.mark.browser


def test_arrow_keys_go_through_the_steps(browser, site):
    with watched_tab(browser) as tab:
        tab.goto(f"{site}/present")
        settled(tab)
        tab.get_by_role("img", name="Score, filter, train").wait_for()
        assert not tab.get_by_test_id("stSidebar").is_visible()
        tab.keyboard.press("ArrowRight")
        tab.get_by_role("heading", name="Three questions to every token").wait_for()
        tab.get_by_text("Step 2 of 6").wait_for()  # stands after the buttons whose keys these are
        settled(tab)
        tab.keyboard.press("ArrowLeft")
        tab.get_by_role("heading", name="Score, filter, train").wait_for()
        tab.get_by_role("link", name="End").click()
        tab.get_by_role("heading", name="Value", exact=True).wait_for()
        tab.get_by_test_id("stSidebar").wait_for()
