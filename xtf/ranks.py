"""A score over all answers, sorted once so that every rule and detector afterwards costs one pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from xtf import blocks
from xtf.flat import Flat

ROUNDING = 1e-5  # relative; what float32 sums make of equal numbers stays below it


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
    resolve: Callable[[np.ndarray], np.ndarray] | None = None  # values → goodness, where it is another number
    name: str = "scores"
    rounding: float = ROUNDING  # relative: how far equal numbers may lie apart after what computed them
    flat: Flat = field(default_factory=Flat)  # where what is made of the values is kept, under that name
    # Kept for the rules that made them, by scope: what does not change when their threshold moves.
    _clusters: dict[tuple[str, int], np.ndarray] = field(default_factory=dict)
    _quartiles: dict[str, tuple[np.ndarray, ...]] = field(default_factory=dict)

    def goodness(self, first: int, last: int) -> np.ndarray:
        """float32: the values of the examples first .. last - 1, higher = keep."""
        values = self.values[self.offsets[first]:self.offsets[last]]
        if self.resolve:
            return self.resolve(values)
        return -values if self.high_is_bad else values

    @cached_property
    def counts(self) -> np.ndarray:
        """int64[N]: the scored tokens n of each example."""
        return joined(np.int64, blocks.each(self._counts, self.offsets))

    @cached_property
    def starts(self) -> np.ndarray:
        """int64[N]: where each example begins in `ranked`."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def ranked(self) -> np.ndarray:
        """float32[sum of n]: the goodness of scored tokens, ascending within each example."""
        return self.flat.array(f"{self.name}-ranked", np.float32, lambda: blocks.each(
            lambda first, last: self.ranked_among(first, last)[0], self.offsets))

    @cached_property
    def ranked_together(self) -> np.ndarray:
        """float32[sum of n]: the same, ascending over all examples."""
        return self.flat.array(f"{self.name}-ranked-together", np.float32, lambda: [np.sort(self.ranked)])

    @cached_property
    def means(self) -> np.ndarray:
        """float64[N]: the mean over each example's values, NaN where it has none."""
        def means(first: int, last: int) -> np.ndarray:
            offsets = self.offsets[first:last + 1]
            return _means(self.values[offsets[0]:offsets[-1]], offsets - offsets[0])

        return self.flat.array(f"{self.name}-means", np.float64, lambda: blocks.each(means, self.offsets))

    def _counts(self, first: int, last: int) -> np.ndarray:
        scored = ~np.isnan(self.values[self.offsets[first]:self.offsets[last]])
        return per_example(scored, self.offsets[first:last + 1] - self.offsets[first])

    def ranked_among(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """`ranked` and `counts` of the examples first .. last - 1, sorted anew."""
        goodness, offsets = self.goodness(first, last), self.offsets[first:last + 1]
        scored = ~np.isnan(goodness)
        counts = per_example(scored, offsets - offsets[0])
        return _sorted_within(goodness[scored], counts), counts

    def at_rank(self, rank: np.ndarray, beyond: float = np.nan, first: int = 0) -> np.ndarray:
        """float64: the goodness of that rank (0 = worst) in as many examples from `first` on, `beyond` above the last
        rank."""
        these = slice(first, first + len(rank))
        inside = rank < self.counts[these]
        found = np.full(len(rank), beyond)
        found[inside] = self.ranked[(self.starts[these] + rank)[inside]]
        return found


def _means(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """float64[N]: the mean over each example's numbers, NaN where it has none."""
    scored = ~np.isnan(values)
    filled = np.flatnonzero(np.diff(offsets))
    sums = np.zeros(len(offsets) - 1)
    if len(filled):
        sums[filled] = np.add.reduceat(np.where(scored, values, np.float32(0)), offsets[filled], dtype=np.float64)
    counts = per_example(scored, offsets)
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


def joined(kind: type, parts: Iterable[np.ndarray]) -> np.ndarray:
    """The parts one after the other, empty where there are none."""
    return np.concatenate([np.zeros(0, kind), *parts])


def per_example(flags: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """int64[N]: how many of the flags bool[M] are set in each example. An example without tokens has 0."""
    filled = np.flatnonzero(np.diff(offsets))
    counts = np.zeros(len(offsets) - 1, np.int64)
    if len(filled):
        counts[filled] = np.add.reduceat(flags, offsets[filled], dtype=np.int64)
    return counts


def highest(values: np.ndarray, share: float) -> np.ndarray:
    """bool of each: so large a share of the numbers, the highest; equals go by position, the earlier one first. NaN and
    infinities count for nothing."""
    known = np.flatnonzero(np.isfinite(values))
    found = np.zeros(len(values), bool)
    found[known[np.argsort(-values[known], kind="stable")[:round(share * len(known))]]] = True
    return found


def _sorted_within(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """float32 values of consecutive groups, each group ascending. One sort of integers that order as
    (group, value): far faster than sorting by two keys."""
    bits = values.view(np.uint32)
    ordered = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    keys = np.repeat(np.arange(len(counts), dtype=np.uint64) << np.uint64(32), counts) | ordered
    keys.sort()
    ordered = (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    return np.where(ordered >> 31, ordered & np.uint32(0x7FFFFFFF), ~ordered).view(np.float32)
