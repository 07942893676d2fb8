"""Which response tokens a fine-tune trains on: XTF's verdicts, and what they have to be compared with.

A strategy is a pure function of a scored run, its verdicts and a seed to `keep` bool[M]; adding one is one function,
one line of the table and one golden test.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xtf import filters
from xtf.filters import Verdicts
from xtf.store import ScoreTable


@dataclass(frozen=True)
class Strategy:
    """One way to choose tokens: a title, what it does in a sentence, and `keep` bool[M] of the run's tokens."""

    title: str
    sentence: str
    keep: Callable[[ScoreTable, Verdicts, int], np.ndarray]


def _xtf(table: ScoreTable, verdicts: Verdicts, seed: int) -> np.ndarray:
    return verdicts.keep


def _normal(table: ScoreTable, verdicts: Verdicts, seed: int) -> np.ndarray:
    return table.trainable


def _random(table: ScoreTable, verdicts: Verdicts, seed: int) -> np.ndarray:
    """Exactly as many dropped tokens as the rules drop, drawn over the dataset from those that the rules decide about:
    what is protected or decided by hand stays as it is, so that the two differ in the scores alone."""
    shield, by_hand = filters.guarded(table.marks, verdicts.hand, verdicts.thresholds)
    free = np.flatnonzero(table.trainable & ~shield & ~by_hand)
    dropped = int(np.count_nonzero(~verdicts.keep[free]))
    keep = table.trainable & ~by_hand
    keep[np.random.default_rng(seed).choice(free, dropped, replace=False)] = False
    return keep


STRATEGIES: dict[str, Strategy] = {
    "xtf": Strategy("XTF", "The tokens that the thresholds keep.", _xtf),
    "normal": Strategy("Normal", "All response tokens, as plain fine-tuning does.", _normal),
    "random": Strategy("Random", "As many tokens as the thresholds keep, drawn at random: what a gain has to be "
                                 "measured against.", _random),
}


def keep(name: str, table: ScoreTable, verdicts: Verdicts, seed: int = 0) -> np.ndarray:
    """bool[M]: the tokens that the loss sees. `seed` decides what is drawn at random."""
    return STRATEGIES[name].keep(table, verdicts, seed)
