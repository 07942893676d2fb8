"""Figures with their uncertainty: 95 % intervals, and paired tests between two models on the same items."""

from dataclasses import dataclass

import numpy as np


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


def share(correct: np.ndarray) -> Estimate:
    """Share of right answers with Wilson's interval. correct: 0 or 1 [items], NaN where unmarked."""
    raise NotImplementedError


def mean(values: np.ndarray, seed: int = 0) -> Estimate:
    """Mean with a bootstrap interval over items. values: float[items], NaN where unmarked."""
    raise NotImplementedError


def ratio(sums: np.ndarray, weights: np.ndarray, seed: int = 0) -> Estimate:
    """sum(sums) / sum(weights), such as nats a token, with a bootstrap interval over items. Both float[items]."""
    raise NotImplementedError


def paired(a: np.ndarray, b: np.ndarray, weights: np.ndarray | None = None, seed: int = 0) -> Difference:
    """Mean of a - b. a, b: float[items] or float[seeds, items]; weights: float[items], such as tokens."""
    raise NotImplementedError


def tie(difference: Difference) -> bool:
    """Whether the interval contains 0: no difference is shown."""
    raise NotImplementedError
