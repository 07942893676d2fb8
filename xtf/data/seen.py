"""Which names have come by, in eight bytes each: a set of a million strings or numbers takes ten times that."""

from array import array
from bisect import bisect_left

import numpy as np

RECENT = 1 << 16  # held in a set before they are merged into the sorted array


class Seen:
    """A set of names that only grows. It keeps 64-bit hashes: of a million names two are mistaken for one another once
    in thirty million runs."""

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._older = array("q")  # ascending

    def __contains__(self, name: str) -> bool:
        wanted = hash(name)
        if wanted in self._recent:
            return True
        place = bisect_left(self._older, wanted)
        return place < len(self._older) and self._older[place] == wanted

    def add(self, name: str) -> None:
        self._recent.add(hash(name))
        if len(self._recent) >= RECENT:
            recent = np.fromiter(self._recent, np.int64, len(self._recent))
            self._older = array("q", np.union1d(np.frombuffer(self._older, np.int64), recent).tobytes())
            self._recent.clear()
