"""A score over all answers, sorted once so that every rule and detector afterwards costs one pass."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Limits:
    """What a rule found: the dropped range in goodness, and sentences for the user."""

    ranges: np.ndarray  # float64[1 or N, 2]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Scores:
    """One score of all M tokens in N examples, and what rules need to know of it. Sorted once, then kept."""

    values: np.ndarray  # float32[M] in display terms, NaN where there is none
    offsets: np.ndarray  # int64[N + 1]
    high_is_bad: bool = False  # novelty, which is shown as p
    #: Values by token type, how often each stands in responses and in all text; for scores that hang on the type alone.
    by_type: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    _clusters: dict[tuple[str, int, int], Limits] = field(default_factory=dict)

    @cached_property
    def goodness(self) -> np.ndarray:
        """float32[M], higher = keep."""
        return -self.values if self.high_is_bad else self.values

    @cached_property
    def scored(self) -> np.ndarray:
        """bool[M]"""
        return ~np.isnan(self.values)

    @cached_property
    def counts(self) -> np.ndarray:
        """int64[N]: the scored tokens n of each example."""
        return per_example(self.scored, self.offsets)

    @cached_property
    def starts(self) -> np.ndarray:
        """int64[N]: where each example begins in `ranked`."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def ranked(self) -> np.ndarray:
        """float32[sum of n]: the goodness of scored tokens, ascending within each example."""
        return _sorted_within(self.goodness[self.scored], self.counts)

    @cached_property
    def ranked_together(self) -> np.ndarray:
        """float32[sum of n]: the same, ascending over all examples."""
        return np.sort(self.ranked)

    def at_rank(self, rank: np.ndarray, beyond: float = np.nan) -> np.ndarray:
        """float64[N]: the goodness of that rank (0 = worst) in each example, `beyond` above the last."""
        inside = rank < self.counts
        found = np.full(len(rank), beyond)
        found[inside] = self.ranked[(self.starts + rank)[inside]]
        return found


def per_example(flags: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """int64[N]: how many of the flags bool[M] are set in each example. An example without tokens has 0."""
    filled = np.flatnonzero(np.diff(offsets))
    counts = np.zeros(len(offsets) - 1, np.int64)
    if len(filled):
        counts[filled] = np.add.reduceat(flags, offsets[filled], dtype=np.int64)
    return counts


def _sorted_within(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """float32 values of consecutive groups, each group ascending. One sort of integers that order as
    (group, value): far faster than sorting by two keys."""
    bits = values.view(np.uint32)
    ordered = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    keys = np.repeat(np.arange(len(counts), dtype=np.uint64) << np.uint64(32), counts) | ordered
    keys.sort()
    ordered = (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    return np.where(ordered >> 31, ordered & np.uint32(0x7FFFFFFF), ~ordered).view(np.float32)
