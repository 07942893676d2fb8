"""First paint of every page: a fresh server that has served nobody yet, then the same page for the next visitor."""

import statistics
import time
from pathlib import Path
from typing import Any

from ui_stage import PAGES, chromium, opened, served, settled

BAR = 3.0  # seconds until the heading is seen


def paint(home: Path, run: str, rounds: int) -> dict[str, Any]:
    """Seconds until the heading of each page is seen and until all is drawn: medians over fresh servers."""
    found: dict[str, Any] = {"pages": {}, "faults": []}
    with chromium() as browser:
        for title, path in PAGES.items():
            times: dict[str, list[float]] = {}
            for _ in range(rounds):
                with served(home) as server:
                    for visitor in ("first", "next"):
                        with opened(browser, found["faults"]) as tab:
                            heading, drawn = _visit(tab, f"{server.address}/{path}?run={run}", title)
                        times.setdefault(f"{visitor} heading", []).append(heading)
                        times.setdefault(f"{visitor} drawn", []).append(drawn)
                    found["faults"] += server.faults()
            found["pages"][title] = {name: statistics.median(values) for name, values in times.items()}
    return found


def _visit(tab: Any, address: str, title: str) -> tuple[float, float]:
    started = time.perf_counter()
    tab.goto(address, wait_until="commit")
    tab.get_by_role("heading", name=title, level=1, exact=True).wait_for(timeout=60_000)
    seen = time.perf_counter()
    settled(tab)
    return seen - started, time.perf_counter() - started


def bars(found: dict[str, Any]) -> list[tuple[str, float, float]]:
    """What is judged: name, value, the most it may be."""
    return [*((f"{title}, {visitor} visitor: heading, s", times[f"{visitor} heading"], BAR)
              for title, times in found["pages"].items() for visitor in ("first", "next")),
            ("faults", len(found["faults"]), 0)]


def table(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a page."""
    return [{"page": title, **times} for title, times in found["pages"].items()]
