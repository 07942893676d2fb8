"""What `ui.py` measures on: made-up runs, a fresh server, and a real Chromium."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import store_data

sys.path.insert(0, str(Path(__file__).parent.parent))  # the tests' browser is this one's too
from tests.browser import WINDOW, chromium, dashboard, settled

__all__ = ["PAGES", "Server", "chromium", "opened", "quartiles", "run_of", "sample_of",
           "served", "server_at", "settled", "timed"]


def _pages() -> dict[str, str]:
    from xtf.ui import frame

    return {title: path.removeprefix("app").removeprefix("pages/").removesuffix(".py")
            for path, (title, _) in frame._PAGES.items()}


PAGES = _pages()  # title → path in the address


class Server(NamedTuple):
    """A dashboard that runs."""

    address: str
    process: psutil.Process
    log: Path

    def megabytes(self) -> dict[str, float]:
        """Resident memory, and what of it is the server's own and no mapped file."""
        found = self.process.memory_full_info()
        return {"rss": found.rss / 1e6, "own": found.uss / 1e6}

    def faults(self) -> list[str]:
        """Lines of its log that speak of an error."""
        words = ("Traceback", "Error", "Exception", "ERROR")
        return [line for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines()
                if any(word in line for word in words)]


@contextmanager
def served(home: Path) -> Iterator[Server]:
    """A fresh server over the workspace `home`."""
    log = home / "server.log"
    with dashboard(home, log) as address:
        yield Server(address, server_at(address), log)


def server_at(address: str) -> psutil.Process:
    """The process that answers there."""
    port = address.rpartition(":")[2]
    return next(child for child in psutil.Process().children() if f"--server.port={port}" in child.cmdline())


@contextmanager
def opened(browser: Any, faults: list[str], scheme: str = "light") -> Iterator[Any]:
    """A tab in a context of its own; what goes wrong in it is told to `faults`."""
    context = browser.new_context(viewport=WINDOW, color_scheme=scheme)
    tab = context.new_page()
    tab.on("pageerror", lambda error: faults.append(str(error)))
    try:
        yield tab
    finally:
        context.close()


def run_of(home: Path, tokens: int) -> str:
    """Writes a run of about so many tokens; gives its name."""
    counts = store_data.Counts()
    return _written(home, "made-up", store_data.shards(tokens, counts), counts)


def sample_of(home: Path, tokens: int) -> str:
    """Writes a run of one example with a response of so many tokens; gives its name."""
    counts = store_data.Counts()
    return _written(home, "long", iter([store_data.long_shard(counts, 100, tokens)]), counts)


def _written(home: Path, name: str, shards: Iterator[Any], counts: store_data.Counts) -> str:
    from xtf import runs
    from xtf.store import Manifest

    os.environ["XTF_HOME"] = str(home)
    manifest = Manifest(name, name, {"data": "made up"}, created="2026-01-01T00:00:00", complete=True)
    run = runs.begin(manifest)
    for index, shard in enumerate(shards):
        run.write_shard(index, shard)
        manifest.counts["examples"] = manifest.counts.get("examples", 0) + shard.num_rows
    manifest.counts.update(tokens=int(counts.all.sum()), trainable=int(counts.responses.sum()))
    run.finish(store_data.types(counts), manifest)
    return name


def timed(work: Callable[[], Any]) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {"median": statistics.median(values), "p95": float(np.quantile(values, 0.95))}
