"""How well a number finds what was planted: AUROC, average precision and recall at a budget, with bootstrap intervals.

Everything is of weighted examples, so that a bootstrap over examples is a matter of weights: tokens of one example are
not independent, and are drawn together. Pure NumPy.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from xtf.bench.planted.kinds import BUDGETS
from xtf.evaluation.statistics import CONFIDENCE, Estimate

RESAMPLES = 1000
AUROC, PRECISION = "auroc", "average_precision"
RECALLS = {f"recall_{100 * budget:.0f}": budget for budget in BUDGETS}
METRICS = (AUROC, PRECISION, *RECALLS)
_BLOCK = 1 << 22  # numbers at once
_TAIL = 50 * (1 - CONFIDENCE)  # per cent


class Levels(NamedTuple):
    """The G distinct noise values of planted tokens, the highest first; counts of the tokens of each of N examples."""

    above: np.ndarray  # float[G, N], tokens with a higher noise
    tied: np.ndarray  # float[G, N], tokens with just this noise
    planted: np.ndarray  # float[G, N], the planted ones among the tied
    all: np.ndarray  # float[1, N]


def levels(noise: np.ndarray, planted: np.ndarray, example: np.ndarray, examples: int) -> Levels:
    """noise: float[T], higher is more like noise, no NaN; planted: bool[T]; example: int[T], below `examples`."""
    values = np.unique(-noise[planted])
    level = np.searchsorted(values, -noise)
    tied = np.append(values, np.nan)[level] == -noise

    def counts(which: np.ndarray) -> np.ndarray:
        flat = np.bincount(level[which] * examples + example[which], minlength=(len(values) + 1) * examples)
        return flat.reshape(-1, examples).astype(float)

    of_tied, between = counts(tied)[:-1], counts(~tied)
    above = np.cumsum(between[:-1] + of_tied, axis=0) - of_tied
    return Levels(above, of_tied, counts(planted)[:-1], np.bincount(example, minlength=examples)[None].astype(float))


def measures(found: Levels, weights: np.ndarray) -> dict[str, np.ndarray]:
    """float[R] by the names of METRICS, NaN where there is nothing to find or nothing beside it. weights: float[N, R]
    of the examples, >= 0.

    AUROC: share of pairs of a planted and another token of which the planted one has the higher noise, ties half (the
    Mann-Whitney statistic). Average precision: sum over the distinct values from the highest down of precision there
    times the recall gained there; equal values come together. Recall at a budget: the planted share found in the budget
    of most noise-like tokens; of equal values at its edge a part, as a draw among them gives on average.
    """
    above, tied, gained, (size,) = (counts @ weights for counts in found)
    reached, had = np.cumsum(gained, axis=0), gained.sum(0)
    others = size - had
    with np.errstate(divide="ignore", invalid="ignore"):
        beaten = others - (above + tied - reached) + (tied - gained) / 2  # those below, and half of the equal ones
        made = {AUROC: (gained * beaten).sum(0) / (had * others),
                PRECISION: (gained * np.where(gained > 0, reached / (above + tied), 0.0)).sum(0) / had}
        for name, budget in RECALLS.items():
            inside = np.where(tied > 0, np.clip((budget * size - above) / tied, 0, 1), 0.0)
            made[name] = (gained * inside).sum(0) / had
    return {name: np.where((had > 0) & (others > 0), values, np.nan) for name, values in made.items()}


def drawn(found: Levels, seed: int = 0) -> dict[str, np.ndarray]:
    """`measures` float[1 + RESAMPLES]: first of the examples as they are, then of resamples, the same ones for whatever
    is measured of the same examples."""
    values, examples = found.above.shape
    parts = [measures(found, weights) for weights in _resamples(values, examples, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in METRICS}


def _resamples(values: int, examples: int, seed: int) -> Iterator[np.ndarray]:
    """float[N, r]: how often each example is in a resample; first once each."""
    yield np.ones((examples, 1))
    random, most = np.random.default_rng(seed), max(1, _BLOCK // max(1, values))
    for begun in range(0, RESAMPLES, most):
        size = min(most, RESAMPLES - begun)
        yield random.multinomial(examples, np.full(examples, 1 / examples), size=size).T.astype(float)


def estimate(values: list[np.ndarray], items: int) -> Estimate:
    """The mean over data sets of what `drawn` gave for one metric of each; an interval only from two items on."""
    means = np.mean(values, axis=0)
    known = means[1:][~np.isnan(means[1:])]
    if items < 2 or not len(known):
        return Estimate(float(means[0]), math.nan, math.nan, items)
    low, high = np.percentile(known, [_TAIL, 100 - _TAIL])
    return Estimate(float(means[0]), float(low), float(high), items)
