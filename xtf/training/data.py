"""Where a fine-tune's rows come from: a run, judged at some thresholds."""

import numpy as np
from torch.utils.data import Dataset

from xtf import filters
from xtf.errors import SettingsError
from xtf.filters import Verdicts
from xtf.store import ScoreTable
from xtf.training.rows import Row, row


class Rows(Dataset[Row]):
    """Rows as slices of flat arrays, made when they are asked for: those of a large run stay on disk."""

    def __init__(self, ids: np.ndarray, labels: np.ndarray, offsets: np.ndarray):
        """ids, labels int32[M]; offsets int64[N+1]. Raises: SettingsError where there is nothing to train."""
        if not len(ids) or not (labels != filters.IGNORE).any():
            raise SettingsError("There is no token to train: drop less, or choose other data.")
        self._ids, self._labels, self._offsets = ids, labels, offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> Row:
        if not 0 <= index < len(self):
            raise IndexError(index)
        here = slice(int(self._offsets[index]), int(self._offsets[index + 1]))
        return row(self._ids[here], self._labels[here])


def of_run(table: ScoreTable, verdicts: Verdicts) -> Rows:
    """The run's tokens with the labels that its verdicts give. Raises: SettingsError."""
    return Rows(table.ids, filters.labels(table.ids, verdicts.keep), table.offsets)
