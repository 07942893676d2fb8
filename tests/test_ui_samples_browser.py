"""Finding samples and token types in a real Chromium, with mouse and keyboard."""

import re

import pytest

from tests.browser import settled, watched_tab
from xtf import runs

pytestmark = pytest.mark.browser


@pytest.fixture
def table(scored, monkeypatch):
    monkeypatch.setenv("XTF_HOME", str(scored))
    return lambda run: runs.open_run(run).table()


@pytest.fixture
def page(browser):
    with watched_tab(browser) as tab:
        yield tab


def press(page, key: str, then: str | re.Pattern) -> None:
    """A key, and the words that it leads to."""
    page.keyboard.press(key)
    page.get_by_text(then).wait_for()
    settled(page)


def test_examples_are_filtered_ordered_and_stepped_through(page, site, table):
    known, shortest = list(table("problems").example_ids), min(table("problems").trainable_counts)
    page.goto(f"{site}/explore?run=problems")
    settled(page)
    press(page, "l", "Example 6 of 6")
    press(page, "k", "Example 5 of 6")
    press(page, "f", "Example 1 of 6")
    box = page.get_by_role("textbox", name="Search")
    box.fill(known[3])
    box.press("Enter")
    page.get_by_text("1 of 6 examples").wait_for()
    settled(page)
    assert f"example={known[3]}" in page.url  # the first that passes
    chip = page.get_by_role("button", name="Text holds")
    chip.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Example 4 of 6").wait_for()
    settled(page)
    assert chip.count() == 0 and box.input_value() == ""
    page.get_by_role("button", name="More filters").click()
    handle = page.get_by_role("slider", name="Length").first
    handle.focus()
    for _ in range(3):  # may reach the page one by one, each with a list of its own: the last is waited for
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name=f"Length ≥ {shortest + 3}").wait_for()
    settled(page)
    page.keyboard.press("Escape")
    handle.wait_for(state="hidden")
    # A row by the keyboard: the grid's own keys.
    page.locator(".st-key-examples .dvn-scroller").first.click(position={"x": 120, "y": 52})
    page.wait_for_function("document.activeElement?.matches('.st-key-examples canvas')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    page.get_by_text("Example 2 of").wait_for()


def test_the_chosen_row_stays_in_view(page, site):
    page.goto(f"{site}/tokens?run=problems")
    settled(page)
    press(page, "l", re.compile(r"^Type \d\d+ of"))
    page.wait_for_function(
        """() => { const list = document.querySelector('.st-key-token-types .dvn-scroller');
                   return list && list.scrollTop > 0
                       && list.scrollTop + list.clientHeight > list.scrollHeight - 36 }""")
    press(page, "f", "Type 1 of")
    page.wait_for_function(
        "() => document.querySelector('.st-key-token-types .dvn-scroller')?.scrollTop === 0")


def test_contexts_lead_to_their_example_and_show_hostile_text_as_itself(page, site, table):
    page.goto(f"{site}/tokens?run=hostile&novelty.value=0.5")
    settled(page)
    page.locator(".contexts li").first.wait_for()
    box = page.get_by_role("textbox", name="Search")
    box.fill("<")
    box.press("Enter")
    page.get_by_text(re.compile(r"^Type 1 of \d+ \(of")).wait_for()  # the contexts before may hold the same words
    settled(page)
    lines = page.locator(".contexts li")
    lines.filter(has_not=page.locator(".token", has_text="<")).first.wait_for(state="detached")  # of the type before
    page.locator(".contexts").get_by_text("script>").first.wait_for()
    assert page.locator(".contexts script, .contexts img").count() == 0
    for line in lines.all():
        assert line.locator(".verdict").inner_text() in ("✓ kept", "✕ dropped")
    link = page.locator(".contexts a").first
    wanted = link.inner_text()
    assert "novelty.value=0.5" in link.get_attribute("href")
    link.press("Enter")
    page.get_by_role("heading", name="Explore", level=1).wait_for()
    settled(page)
    number = int(wanted.split()[0])
    assert table("hostile").example_ids[number].split()[0] == str(number)
    page.get_by_text(f"Example {number + 1} of 3").wait_for()
