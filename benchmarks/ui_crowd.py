"""Twenty visitors at once on one server: no error, and memory that does not grow."""

import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ui_stage import PAGES, Server, chromium, opened, served, settled

from xtf.config import PRESETS

BAR = 5.0  # per cent that the server's memory may grow
CYCLE = 5 + len(PAGES)  # rounds in which every visitor does everything once


def crowd(home: Path, run: str, sessions: int, interactions: int, warm: int) -> dict[str, Any]:
    """Lets every visitor do everything `warm` times, so that caches are full, and then compares the server's memory
    over at least so many interactions with its memory over as many before.

    At any one moment some visitors are being served and memory is up to a third above or below its level, so whole
    cycles are compared: growth is the median over the rounds of a cycle of memory now against one measured lap ago.
    Fewer interactions than a cycle has are no measure, but show that all works.
    """
    found: dict[str, Any] = {"faults": []}
    rounds = -(-interactions // sessions)
    lap = rounds if rounds < CYCLE else CYCLE * -(-rounds // CYCLE)
    with ExitStack() as stack:
        server = stack.enter_context(served(home))
        browser = stack.enter_context(chromium())
        tabs = [stack.enter_context(opened(browser, found["faults"])) for _ in range(sessions)]
        for index, tab in enumerate(tabs):
            tab.goto(f"{server.address}/{list(PAGES.values())[index % len(PAGES)]}?run={run}", wait_until="commit")
        for tab in tabs:
            settled(tab)
        found["opened"] = [server.megabytes()]
        begin = warm * CYCLE
        found["warming"], found["before"], found["after"] = (
            [_round(server, tabs, turn, found["faults"]) for turn in range(*turns)]
            for turns in ((0, begin), (begin, begin + lap), (begin + lap, begin + 2 * lap)))
        found["faults"] += server.faults()
    return found | {"sessions": sessions, "interactions": lap * sessions, "growth_per_cent": {
        kind: 100 * (statistics.median(after[kind] / before[kind] for before, after
                                       in zip(found["before"], found["after"])) - 1) for kind in ("rss", "own")}}


def _round(server: Server, tabs: list[Any], turn: int, faults: list[str]) -> dict[str, float]:
    """One interaction of every visitor, all at the same time; memory at the end, and seconds."""
    started = time.perf_counter()
    for index, tab in enumerate(tabs):
        _act(tab, turn, index)
    for tab in tabs:
        tab.wait_for_timeout(50)  # what was clicked has reached the server
        settled(tab)
        faults += tab.get_by_test_id("stException").all_inner_texts()
    return server.megabytes() | {"seconds": time.perf_counter() - started}


def _act(tab: Any, turn: int, index: int) -> None:
    """Visitors go through the same things, each from a place of his own."""
    others = [title for title in PAGES if title not in ("Thresholds", "Explore", "Present")]  # which has no sidebar
    steps = [lambda: _go(tab, "Thresholds"), lambda: _preset(tab, turn + index), lambda: _move(tab, 1 + index % 7),
             lambda: _move(tab, 2), lambda: _go(tab, "Explore"), lambda: tab.keyboard.press("j"),
             lambda: tab.keyboard.press("j"), *(lambda title=title: _go(tab, title) for title in others)]
    steps[(turn + 3 * index) % len(steps)]()


def _go(tab: Any, title: str) -> None:
    tab.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=False).first.click()


def _preset(tab: Any, number: int) -> None:
    """Where there is no choice of presets, another page is gone to."""
    names = list(PRESETS)
    choices = tab.get_by_test_id("stMain").get_by_text(names[number % len(names)], exact=True)
    if choices.count():
        choices.first.click()
    else:
        _go(tab, "Thresholds")


def _move(tab: Any, steps: int) -> None:
    """Moves the first threshold and lets it go. Where there is none, another page is gone to."""
    slider = tab.get_by_test_id("stMain").get_by_role("slider")
    if not slider.count():
        _go(tab, "Thresholds")
        return
    for _ in range(steps):
        slider.first.press("ArrowLeft")
    slider.first.press("Enter")


def bars(found: dict[str, Any]) -> list[tuple[str, float, float]]:
    """What is judged: name, value, the most it may be."""
    return [("memory grown by, %", found["growth_per_cent"]["rss"], BAR), ("faults", len(found["faults"]), 0)]


def table(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Memory over the rounds of each part."""
    return [{"rounds": f"{part}, {len(found[part])}", **{
        f"{word}, MB": measure(moment["rss"] for moment in found[part])
        for word, measure in (("least", min), ("median", statistics.median), ("most", max))},
        "its own, MB": statistics.median(moment["own"] for moment in found[part])}
        for part in ("opened", "warming", "before", "after") if found[part]]
