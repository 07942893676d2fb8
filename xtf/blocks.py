"""Long arrays worked on piece by piece: pieces fit into the processor's cache, and threads share them out.

NumPy lets go of the interpreter while it works, so that threads count; and what a piece needs beside its result never
takes more memory than a few pieces do.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice, pairwise
from typing import TypeVar

import numpy as np

TOKENS = 1 << 18  # of one piece, unless a single example is longer

Result = TypeVar("Result")


def spans(offsets: np.ndarray) -> list[tuple[int, int]]:
    """[first, last) examples of each piece. offsets int64[N + 1]; whole examples, about TOKENS tokens."""
    targets = np.arange(offsets[0], offsets[-1] + TOKENS, TOKENS)
    cuts = np.unique(np.append(np.searchsorted(offsets, targets), [0, len(offsets) - 1]).clip(0, len(offsets) - 1))
    return list(pairwise(cuts.tolist()))


def each(function: Callable[[int, int], Result], offsets: np.ndarray) -> Iterator[Result]:
    """function(first, last) of every piece, in order, computed in threads a few pieces ahead."""
    yield from ahead(partial(function, *span) for span in spans(offsets))


def run(function: Callable[[int, int], object], offsets: np.ndarray) -> None:
    """The same for what the function does, not for what it returns."""
    deque(each(function, offsets), maxlen=0)


def ahead(calls: Iterable[Callable[[], Result]], most: int | None = None) -> Iterator[Result]:
    """What the calls return, in order, computed in threads, `most` of them at once; some wait for the caller.

    `calls` are taken one by one, a few ahead, in the caller's own thread.
    """
    waiting = iter(calls)
    first = list(islice(waiting, 2))
    if len(first) < 2:
        yield from (call() for call in first)
        return
    workers = min(os.cpu_count() or 1, most or sys.maxsize)
    with ThreadPoolExecutor(workers) as pool:
        running: deque[Future[Result]] = deque(pool.submit(call) for call in [*first, *islice(waiting, 2 * workers)])
        while running:
            yield running.popleft().result()
            running.extend(pool.submit(call) for call in islice(waiting, 1))
