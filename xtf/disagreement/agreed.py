"""How far strategies agree, two by two."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from xtf import blocks
from xtf.disagreement.views import Views, ratio, stacked
from xtf.store import ScoreTable


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far K strategies agree. Matrices are float64[K, K] and symmetric."""

    names: tuple[str, ...]
    titles: tuple[str, ...]
    tokens: int  # R
    both: np.ndarray  # int64[K, K]: tokens that both drop; on the diagonal, that one drops

    @property
    def dropped(self) -> np.ndarray:
        """int64[K]"""
        return np.diagonal(self.both)

    @property
    def kept_shares(self) -> np.ndarray:
        """float64[K]"""
        return 1 - self.dropped / max(self.tokens, 1)

    @cached_property
    def same(self) -> np.ndarray:
        """Share of the response tokens with the same verdict; NaN without tokens."""
        return ratio(self.tokens - self._either + self.both, np.full_like(self.both, self.tokens))

    @cached_property
    def kappa(self) -> np.ndarray:
        """Cohen, 1960: the agreement beyond what two such shares have by chance, of what there could be: 1 for the same
        verdicts, 0 for chance, below 0 for opposites. NaN where both drop nothing or both everything."""
        drops = self.dropped / max(self.tokens, 1)
        chance = np.outer(drops, drops) + np.outer(1 - drops, 1 - drops)
        return ratio(self.same - chance, np.where(chance > 1 - 1e-12, 0, 1 - chance))

    @cached_property
    def jaccard(self) -> np.ndarray:
        """Tokens that both drop, of those that either drops; NaN where neither drops any."""
        return ratio(self.both, self._either)

    @property
    def _either(self) -> np.ndarray:
        return self.dropped[:, None] + self.dropped[None, :] - self.both


def agreement(table: ScoreTable, views: Views) -> Agreement:
    """Over all response tokens."""
    def counted(first: int, last: int) -> np.ndarray:
        drops = stacked(table, views.values(), first, last).astype(np.float32)  # exact up to 2^24 tokens a piece
        return drops @ drops.T

    both = sum(blocks.each(counted, table.offsets), np.zeros((len(views), len(views))))
    return Agreement(tuple(views), tuple(one.title for one in views.values()), int(table.trainable_counts.sum()),
                     np.rint(both).astype(np.int64))


def pairs(found: Agreement) -> pd.DataFrame:
    """One row per pair of strategies, the least alike first: a, b (titles), both, only_a, only_b, neither (tokens),
    same, kappa, jaccard."""
    rows, columns = np.triu_indices(len(found.names), 1)
    both, dropped = found.both[rows, columns], found.dropped
    only_a, only_b = dropped[rows] - both, dropped[columns] - both
    return pd.DataFrame({
        "a": [found.titles[row] for row in rows], "b": [found.titles[column] for column in columns], "both": both,
        "only_a": only_a, "only_b": only_b, "neither": found.tokens - both - only_a - only_b,
        **{name: getattr(found, name)[rows, columns] for name in ("same", "kappa", "jaccard")}
    }).sort_values("kappa", kind="stable", ignore_index=True)
