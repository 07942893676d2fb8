"""Figures with their uncertainty: 95 % intervals, and paired tests between two models on the same items.

Everything drawn is seeded, so that the same numbers give the same interval and the same p.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 4000
_BLOCK = 1 << 20  # drawn numbers at once: memory does not hang on the number of items
_TAIL = 50 * (1 - CONFIDENCE)  # per cent


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval over `n` items; NaN where there is nothing to go by."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Difference:
    """How much higher the first is than the second, with a 95 % interval and a two-sided p, over `n` items."""

    value: float
    low: float
    high: float
    p: float
    n: int
    adjusted: float | None = None  # p among the family of tests that it belongs to (`holm`); None where it stands alone

    @property
    def shown(self) -> bool:
        """Whether there is a difference: the interval leaves out 0 and p, adjusted where it has a family, is below
        0.05. Of few items the interval is too narrow; then p does not show it."""
        return not tie(self) and (self.p if self.adjusted is None else self.adjusted) < 1 - CONFIDENCE


def share(correct: np.ndarray) -> Estimate:
    """Share of right answers, with Wilson's score interval (Wilson, 1927). correct: 0 or 1 [items], NaN where unmarked.

    Raises: ValueError for other numbers, such as estimates of pass@k, of which `mean` is the one to ask.
    """
    marked = np.asarray(correct, float)[~np.isnan(correct)]
    if not np.isin(marked, (0, 1)).all():
        raise ValueError("A share is of zeros and ones.")
    if not len(marked):
        return Estimate(math.nan, math.nan, math.nan, 0)
    from scipy import stats  # takes half a second to import, which pages would wait for

    found = stats.binomtest(int(marked.sum()), len(marked)).proportion_ci(CONFIDENCE, "wilson")
    return Estimate(float(marked.mean()), float(found.low), float(found.high), len(marked))


def mean(values: np.ndarray, seed: int = 0) -> Estimate:
    """Mean with a percentile bootstrap interval over items (Efron, 1979). values: float[items], NaN where unmarked."""
    marked = np.asarray(values, float)[~np.isnan(values)]
    return ratio(marked, np.ones(len(marked)), seed)


def ratio(sums: np.ndarray, weights: np.ndarray, seed: int = 0) -> Estimate:
    """sum(sums) / sum(weights), such as nats a token. Both float[items]; the interval is a percentile bootstrap over
    items, each with all its tokens, because tokens of one response are not independent. Items without weight count for
    nothing. No interval below two items."""
    counts = np.asarray(weights) > 0
    sums, weights = np.asarray(sums, float)[counts], np.asarray(weights, float)[counts]
    if not len(sums):
        return Estimate(math.nan, math.nan, math.nan, 0)

    def drawn(random: np.random.Generator, times: int) -> np.ndarray:
        which = random.integers(len(sums), size=(times, len(sums)))
        return sums[which].sum(1) / weights[which].sum(1)

    return Estimate(float(sums.sum() / weights.sum()), *_interval(drawn, len(sums), seed), len(sums))


def paired(a: np.ndarray, b: np.ndarray, weights: np.ndarray | None = None, seed: int = 0) -> Difference:
    """Mean of a - b over items, for each item the mean over seeds. a, b: float[items] or float[seeds, items], the same
    items in the same order; weights: float[items], such as tokens where a and b are nats a token.

    Items that are NaN in any seed of either, or weigh nothing, are left out.

    Interval: percentile bootstrap of items and, where there are several, of seeds (both factors resampled at once:
    Owen, 2007, "The pigeonhole bootstrap"). Three seeds show little of how seeds scatter: where that scatter is as
    large as that of items, the interval of three held the truth in 88 % of simulated studies instead of 95 %. Equally
    many seeds are taken for pairs, number for number, and drawn together; one against several is a model without seeds,
    such as the base model.

    p: two-sided, of the hypothesis that for each item the sign of its difference is a coin's throw. Items are what is
    exchanged, so p speaks of new items for these seeds. Where all differences are of one size, as right and wrong are
    with one seed, it is McNemar's exact test; else random sign flips, counted with one added (Phipson and Smyth, 2010).
    """
    a, b = np.atleast_2d(np.asarray(a, float)), np.atleast_2d(np.asarray(b, float))
    if a.shape[1] != b.shape[1]:
        raise ValueError("A paired test is of the same items.")
    weight = np.ones(a.shape[1]) if weights is None else np.asarray(weights, float)
    known = ~np.isnan(a).any(0) & ~np.isnan(b).any(0) & (weight > 0)
    a, b, weight = a[:, known], b[:, known], weight[known]
    if not len(weight):
        return Difference(math.nan, math.nan, math.nan, math.nan, 0)
    differences = weight * (a.mean(0) - b.mean(0))
    low, high = _interval(lambda random, times: _both_drawn(a, b, weight, random, times), len(weight), seed)
    return Difference(float(differences.sum() / weight.sum()), low, high, _sign_flip(differences, seed), len(weight))


def tie(difference: Difference) -> bool:
    """Whether no difference is shown: the interval contains 0, or there is none."""
    return not (difference.low > 0 or difference.high < 0)


def holm(p: Sequence[float]) -> list[float]:
    """p values of one family of tests, adjusted so that the chance of any false one among them stays below the level
    that each is held against (Holm, 1979): the k-th smallest of m times m - k + 1, never below those before it, at most
    1. In the order in which they came; NaN is no test and stays NaN."""
    adjusted, highest = [math.nan] * len(p), 0.0
    order = sorted((place for place, one in enumerate(p) if not math.isnan(one)), key=p.__getitem__)
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p[place]))
        adjusted[place] = highest
    return adjusted


def _both_drawn(a: np.ndarray, b: np.ndarray, weight: np.ndarray, random: np.random.Generator, times: int
                ) -> np.ndarray:
    """float[times]: weighted mean differences of resampled items and seeds."""
    of_a = _seeds_drawn(len(a), random, times)
    of_b = of_a if len(a) == len(b) else _seeds_drawn(len(b), random, times)
    differences = of_a @ a - of_b @ b  # [times, items]
    which = random.integers(len(weight), size=differences.shape)
    drawn = np.take_along_axis(differences, which, axis=1)
    return (drawn * weight[which]).sum(1) / weight[which].sum(1)


def _seeds_drawn(count: int, random: np.random.Generator, times: int) -> np.ndarray:
    """float[times, seeds]: the share of each seed in a resample."""
    return random.multinomial(count, np.full(count, 1 / count), size=times) / count


def _interval(drawn: Callable[[np.random.Generator, int], np.ndarray], items: int, seed: int) -> tuple[float, float]:
    """The middle 95 % of what is drawn; NaN below two items, of which nothing can be said."""
    if items < 2:
        return math.nan, math.nan
    random = np.random.default_rng(seed)
    found = np.concatenate([drawn(random, times) for times in _blocks(items)])
    low, high = np.percentile(found, [_TAIL, 100 - _TAIL])
    return float(low), float(high)


def _sign_flip(differences: np.ndarray, seed: int) -> float:
    """Two-sided p of sum(differences) under random signs. differences: float[items]."""
    from scipy import stats

    moved = differences[np.abs(differences) > 1e-12]
    if not len(moved):
        return 1.0
    if np.allclose(np.abs(moved), np.abs(moved[0])):
        return float(stats.binomtest(int((moved > 0).sum()), len(moved)).pvalue)
    found, random = abs(moved.sum()) * (1 - 1e-9), np.random.default_rng(seed)  # sums in another order differ a little
    as_far = sum(int((np.abs((random.integers(2, size=(times, len(moved))) * 2 - 1) @ moved) >= found).sum())
                 for times in _blocks(len(moved)))
    return (1 + as_far) / (1 + RESAMPLES)


def _blocks(items: int) -> list[int]:
    """How many resamples to draw at once, until there are RESAMPLES."""
    most = max(1, _BLOCK // items)
    return [min(most, RESAMPLES - begun) for begun in range(0, RESAMPLES, most)]
