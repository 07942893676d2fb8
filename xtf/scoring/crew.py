"""Threads that score batches side by side on a CPU.

Operations on one batch are small, and cores that share one wait for each other after each of them. Cores that have a
batch each do not.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_MOST = 8  # batches at once: a window holds about as many, and each needs memory of its own

Given = TypeVar("Given")
Made = TypeVar("Made")


class Crew:
    """A few threads that divide the cores which PyTorch may use."""

    def __init__(self) -> None:
        cores = torch.get_num_threads()
        self._size = min(cores, _MOST)
        self._each = cores // self._size
        self._pool = ThreadPoolExecutor(self._size, "scoring", lambda: torch.set_num_threads(self._each))

    def map(self, work: Callable[[Given], Made], items: Iterable[Given]) -> Iterator[Made]:
        """work(item) of each item, in order. Where one fails, those not yet begun are dropped."""
        cores = torch.get_num_threads()
        try:
            yield from self._pool.map(work, items)
        finally:
            torch.set_num_threads(cores)  # what a thread sets is the default of threads made later
