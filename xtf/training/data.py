"""Where a fine-tune's rows come from: a run judged at some thresholds, or an export folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import overload

import numpy as np

from xtf import filters
from xtf.errors import SettingsError
from xtf.filters import Verdicts
from xtf.store import ScoreTable
from xtf.training.rows import Row, row


class Rows(Sequence[Row]):
    """Rows as slices of flat arrays, made when they are asked for: those of a large run stay on disk."""

    def __init__(self, ids: np.ndarray, labels: np.ndarray, offsets: np.ndarray):
        """ids, labels int32[M]; offsets int64[N+1]. Raises: SettingsError where there is nothing to train."""
        if not len(ids) or not (labels != filters.IGNORE).any():
            raise SettingsError("There is no token to train: drop less, or choose other data.")
        self._ids, self._labels, self._offsets = ids, labels, offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        here = slice(int(self._offsets[index]), int(self._offsets[index + 1]))
        return row(self._ids[here], self._labels[here])


def of_run(table: ScoreTable, verdicts: Verdicts) -> Rows:
    """The run's tokens with the labels that its verdicts give. Raises: SettingsError."""
    return Rows(table.ids, filters.labels(table.ids, verdicts.keep), table.offsets)


def of_export(folder: Path) -> Rows:
    """The tokens and labels of an export. Raises: SettingsError for one without labels; StoreError as reading does."""
    from xtf import workspace
    from xtf.export import FORMATS
    from xtf.export.folder import RECORD

    read = FORMATS[workspace.read_json(folder / RECORD)["format"]].read
    ids, labels, lengths = [], [], [np.zeros(1, np.int64)]
    for batch in read(folder):
        if "labels" not in batch.schema.names:
            raise SettingsError(f"{folder} holds text and no labels: export it as hf, parquet or jsonl.")
        ids.append(batch.column("input_ids").flatten().to_numpy(zero_copy_only=False))
        labels.append(batch.column("labels").flatten().to_numpy(zero_copy_only=False))
        lengths.append(batch.column("input_ids").value_lengths().to_numpy(zero_copy_only=False).astype(np.int64))
    return Rows(np.concatenate([np.zeros(0, np.int32), *ids]).astype(np.int32),
                np.concatenate([np.zeros(0, np.int32), *labels]).astype(np.int32), np.cumsum(np.concatenate(lengths)))
