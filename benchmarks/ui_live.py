"""What follows a threshold while it is dragged: the colours of one long sample, and a whole dataset's read-outs."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ui_stage import chromium, opened, served, settled

from xtf.config import ATTRIBUTES, PRESETS
from xtf.figures import live
from xtf.ui import links

RECOLOUR, READOUTS = 50.0, 100.0  # milliseconds that a move may take

#: Moves a threshold as the handles do, and waits until what follows it has been painted: until the frame after the one
#: in which it was drawn begins. Gives milliseconds; or, where `shown` names what changes, how many different things.
DRAG = """async ({key, attribute, places, shown}) => {
    const deep = (root) => [...root.querySelectorAll(shown),
        ...[...root.querySelectorAll("*")].flatMap(({shadowRoot}) => shadowRoot ? deep(shadowRoot) : [])];
    const frame = () => new Promise(requestAnimationFrame);
    const move = (place) => document.dispatchEvent(new CustomEvent("xtf-live", {detail: {key, attribute, place}}));
    const [times, seen] = [[], new Set()];
    for (const place of places) {
        await new Promise((go) => setTimeout(go, 50));
        await frame();
        const start = performance.now();
        move(place);
        await frame();
        await frame();
        times.push(performance.now() - start);
        if (shown) seen.add(deep(document).map((node) => node.token ?? node.textContent).join("|"));
    }
    move(null);
    return shown ? seen.size : times;
}"""


def recolour(home: Path, run: str, changes: int) -> dict[str, Any]:
    """Milliseconds until the tokens of the run's one sample have the colours of a moved threshold."""
    def handle(tab: Any, attribute: str) -> Any:
        tab.locator(f"label:has(input[value={attribute}])").click()
        return tab.locator(".view").get_by_role("slider")

    return _dragged(home, f"explore?run={run}", run, changes, handle, ".text .token:has(.dropped)", RECOLOUR)


def readouts(home: Path, run: str, changes: int) -> dict[str, Any]:
    """Milliseconds until the numbers of the whole dataset are those of a moved threshold."""
    def handle(tab: Any, attribute: str) -> Any:
        return tab.locator(".dials .card").nth(ATTRIBUTES.index(attribute)).get_by_role("slider")

    return _dragged(home, f"thresholds?run={run}", run, changes, handle, ".number .value, .effect", READOUTS)


def _dragged(home: Path, path: str, run: str, changes: int, handle: Callable[[Any, str], Any], shown: str,
             limit: float) -> dict[str, Any]:
    found: dict[str, Any] = {"limit_ms": limit, "faults": [], "attributes": {}}
    key = live.key(run, PRESETS[links.DEFAULT_PRESET][1])  # a made-up run's id is its name
    with served(home) as server, chromium() as browser, opened(browser, found["faults"]) as tab:
        started = time.perf_counter()
        tab.goto(f"{server.address}/{path}", wait_until="commit")
        settled(tab)
        found["drawn_seconds"] = time.perf_counter() - started
        session = tab.context.new_cdp_session(tab)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        for attribute in ATTRIBUTES:
            move = {"key": key, "attribute": attribute, "places": _places(handle(tab, attribute), changes)}
            before = _busy(session)
            times = tab.evaluate(DRAG, move)
            busy = (_busy(session) - before) / len(times)
            found["attributes"][attribute] = {
                "moves": len(times), "different": tab.evaluate(DRAG, {**move, "shown": shown}), "times": times,
                "busy": busy}
        found["faults"] += server.faults()
    return found


def _busy(session: Any) -> float:
    """Milliseconds of processor time that the page's main thread has taken: they say what a move costs where other work
    shares the machine."""
    metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return 1000 * metrics["TaskDuration"]


def _places(handle: Any, changes: int) -> list[int]:
    """So many places over the whole range of a threshold, in any order."""
    places = np.unique(np.linspace(0, int(handle.get_attribute("aria-valuemax")), changes).astype(int)).tolist()
    random.Random(0).shuffle(places)
    return places


def bars(found: dict[str, Any]) -> list[tuple[str, float, float]]:
    """What is judged: name, value, the most it may be. What never changes was not measured."""
    judged: list[tuple[str, float, float]] = []
    for attribute, one in found["attributes"].items():
        judged.append((f"{attribute}, ms (median)", float(np.median(one["times"])), found["limit_ms"]))
        judged.append((f"{attribute}: moves that change nothing", one["moves"] - one["different"], one["moves"] / 2))
    return [*judged, ("faults", len(found["faults"]), 0)]


def table(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each attribute whose threshold was moved."""
    return [{"attribute": attribute, "moves": one["moves"], "different": one["different"],
             "median, ms": float(np.median(one["times"])), "95 %, ms": float(np.quantile(one["times"], 0.95)),
             "of the main thread, ms": one["busy"], "page drawn, s": found["drawn_seconds"]}
            for attribute, one in found["attributes"].items()]
