"""Verdicts as they are compared."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from xtf.filters import Verdicts
from xtf.store import ScoreTable

RANDOM = "random"  # how the names of strategies that draw begin


@dataclass(frozen=True, eq=False)
class View:
    """One strategy's verdicts, as far as they are compared."""

    title: str
    drops: np.ndarray  # bool[M]: response tokens that it does not train
    weights: np.ndarray | None = None  # float32[M]: what it multiplies the loss of the others by; None: by 1

    def taken(self, here: slice) -> np.ndarray:
        """float32: the share of each response token's loss that is taken away, 1 where it is dropped."""
        gone = self.drops[here].astype(np.float32)
        return gone if self.weights is None else np.where(self.drops[here], gone, 1 - self.weights[here])


Views = Mapping[str, View]  # by the strategy's name


def view(table: ScoreTable, title: str, verdicts: Verdicts) -> View:
    """Verdicts of a strategy of that title."""
    choice = verdicts.choice
    return View(title, table.trainable & ~verdicts.keep, choice.weights if choice else None)


def compared(names: Iterable[str]) -> list[str]:
    """The names of those whose verdicts say something about a token: all but random ones."""
    return [name for name in names if name.partition("-")[0] != RANDOM]


def stacked(table: ScoreTable, views: Collection[View], first: int, last: int) -> np.ndarray:
    """bool[K, n]: the verdicts on the tokens of examples [first, last)."""
    here = slice(table.offsets[first], table.offsets[last])
    return np.array([one.drops[here] for one in views], bool).reshape(len(views), here.stop - here.start)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """float64, NaN where the whole is zero."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole != 0)
