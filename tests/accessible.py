"""Whether a page can be used by everybody: axe-core's rules, and a round through it by the Tab key."""

from pathlib import Path

import pytest

from tests.browser import STILL, still

KEYS = (Path(__file__).parent / "js" / "keyboard.js").read_text(encoding="utf-8")
MOST_STOPS = 400  # more would be a trap
COLOURS = ("color-contrast", "link-in-text-block")  # all that another scheme changes


def serious(page, *rules: str):
    """What axe-core calls serious or critical, by these rules or by all: rule, place, HTML, and what to do."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    return [(fault["id"], node["target"], node["html"], node["failureSummary"])
            for fault in axe.Axe().run(page, options=options).response["violations"]
            if fault["impact"] in ("serious", "critical") for node in fault["nodes"]]


def faults(page):
    """The same in light, and of colours in dark, too: scheme before the rest."""
    found = []
    for scheme, rules in (("light", ()), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("s => getComputedStyle(document.querySelector('.stApp')).colorScheme === s", arg=scheme)
        still(page)  # colours fade over
        found += [(scheme, *fault) for fault in serious(page, *rules)]
    return found


def tab_round(page) -> int:
    """Goes through the page by Tab until the focus comes round; every control is met and shows it. Gives how many
    places there are."""
    page.evaluate(f"window.still = {STILL}")
    page.evaluate(KEYS)
    met = []
    while not met or met[-1] != "round":
        page.keyboard.press("Tab")
        met.append(page.evaluate("keyboard.arrive()"))
        assert len(met) < MOST_STOPS, "the focus never comes round"
    assert page.evaluate("keyboard.missed()") == [] and page.evaluate("keyboard.unseen()") == []
    return met.count("new")
