"""A download's cost in the server's memory: through our own route, and through Streamlit's download button."""

import os
import statistics
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from ui_stage import chromium, opened, server_at, settled, timed

from tests.files import offered

BAR = 20.0  # megabytes that the server may grow by while a file goes through it
WAYS = {"link": "Take 0", "folder as zip": "Take 1", "st.download_button": "Load 0"}
_AT_ONCE = 5
_CLICKS = 15


def download(home: Path, megabytes: int) -> dict[str, Any]:
    """Saves a file of that size in a browser in each way, from a fresh server each; then five at once with one page."""
    folder = home / "exports" / "made-up"
    folder.mkdir(parents=True)
    with (folder / "data.parquet").open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(1_000_000))
    files = [(str(folder / "data.parquet"), "data.parquet"), (str(folder), "made-up.zip")]
    found: dict[str, Any] = {"megabytes": megabytes, "faults": [], "ways": {}}
    with chromium() as browser:
        for index, (way, label) in enumerate(WAYS.items()):
            with offered(home, files, f"app-{index}") as (address, _), opened(browser, found["faults"]) as tab:
                found["ways"][way] = _saved(tab, address, label, megabytes)
        with offered(home, files, "app-many") as (address, links), opened(browser, found["faults"]) as tab:
            found["at once"] = _at_once(tab, address, links[0])
    return found


def _saved(tab: Any, address: str, label: str, megabytes: int) -> dict[str, float]:
    tab.goto(address)
    settled(tab)
    with _watched(address) as memory, tab.expect_download(timeout=120_000) as saved:
        started = time.perf_counter()
        tab.get_by_test_id("stMain").get_by_text(label, exact=True).first.click()
        size = saved.value.path().stat().st_size
        seconds = time.perf_counter() - started
    assert size >= megabytes * 1_000_000
    saved.value.delete()
    return {"grows by MB": memory["most"] - memory["before"], "stays MB": memory["after"] - memory["before"],
            "seconds": seconds}


def _at_once(tab: Any, address: str, link: str) -> dict[str, float]:
    """Several downloads at the same time, while a reader clicks on a page: memory, and seconds until it answers."""
    tab.goto(address)
    settled(tab)
    alone = [_answered(tab, turn) for turn in range(_CLICKS)]
    with _watched(address) as memory, ThreadPoolExecutor(_AT_ONCE) as pool:
        reading = [pool.submit(_read, address + link) for _ in range(_AT_ONCE)]
        beside = [_answered(tab, _CLICKS)]
        while not all(reader.done() for reader in reading):
            beside.append(_answered(tab, _CLICKS + len(beside)))
        seconds = statistics.median(reader.result() for reader in reading)
    return {"grows by MB": memory["most"] - memory["before"], "stays MB": memory["after"] - memory["before"],
            "seconds": seconds, "page alone s": statistics.median(alone), "page beside s": statistics.median(beside)}


def _answered(tab: Any, turn: int) -> float:
    """Seconds from a click until the page has its answer."""
    def click() -> None:
        tab.get_by_role("button", name="Count").click()
        tab.get_by_text(f"counted {turn + 1}", exact=True).wait_for()

    return timed(click)


def _read(address: str) -> float:
    def read() -> None:
        with urllib.request.urlopen(address, timeout=120) as answer:
            while answer.read(1 << 20):
                pass

    return timed(read)


@contextmanager
def _watched(address: str) -> Any:
    """The server's own memory in megabytes: before, the most meanwhile, and afterwards."""
    process, over = server_at(address), threading.Event()
    memory = {"before": _own(process)}
    memory["most"] = memory["before"]

    def watch() -> None:
        while not over.wait(0.02):
            memory["most"] = max(memory["most"], _own(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()
        memory["after"] = _own(process)


def _own(process: psutil.Process) -> float:
    return process.memory_info().rss / 1e6


def table(found: dict[str, Any]) -> list[dict[str, Any]]:
    ways = [{"way": f"{way}, {found['megabytes']} MB"} | measured for way, measured in found["ways"].items()]
    many = found["at once"]
    rows = [*ways, {"way": f"{_AT_ONCE} links at once"} | {name: many[name] for name in list(ways[0])[1:]}]
    return [*rows, {"way": "a page meanwhile", "grows by MB": "", "stays MB": "",
                    "seconds": f"{many['page beside s']:.3f}, alone {many['page alone s']:.3f}"}]


def bars(found: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Name, value and the most that it may be."""
    return [(f"MB that the server grows by, {way}", measured["grows by MB"], BAR)
            for way, measured in [*found["ways"].items(), ("five at once", found["at once"])]
            if way != "st.download_button"]
