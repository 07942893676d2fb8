"""The rows of a fine-tune: slices of flat arrays, from a run judged at some thresholds or from an export."""

from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from xtf import filters
from xtf.errors import SettingsError
from xtf.export.folder import read_back
from xtf.export.formats import FORMATS
from xtf.training.rows import Row, row


class Rows(Dataset[Row]):
    """Rows as slices of flat arrays, made when they are asked for: those of a large run stay on disk."""

    def __init__(self, ids: np.ndarray, labels: np.ndarray, offsets: np.ndarray, weights: np.ndarray | None = None,
                 reference: np.ndarray | None = None, online: float | None = None):
        """ids, labels int32[M]; offsets int64[N+1]; weights of the loss float32[M]; log-probabilities by a reference
        model float32[M], with which each batch is chosen from while it is trained, and the share `online` of it that is
        kept. Raises: SettingsError where there is nothing to train."""
        if not len(ids) or not (labels != filters.IGNORE).any():
            raise SettingsError("There is no token to train: drop less, or choose other data.")
        self._ids, self._labels, self._offsets = ids, labels, offsets
        self._weights, self._reference, self.online = weights, reference, online

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> Row:
        if not 0 <= index < len(self):
            raise IndexError(index)
        here = slice(int(self._offsets[index]), int(self._offsets[index + 1]))
        weights, reference = (None if each is None else each[here] for each in (self._weights, self._reference))
        return row(self._ids[here], self._labels[here], weights, reference)

    def only(self, examples: np.ndarray) -> "Rows":
        """Some of the rows. examples: int64[n], ascending. Raises: SettingsError where there is nothing to train."""
        tokens = np.concatenate([np.arange(*self._offsets[[index, index + 1]]) for index in examples])
        weights, reference = (None if each is None else each[tokens] for each in (self._weights, self._reference))
        return Rows(self._ids[tokens], self._labels[tokens], np.append(0, np.cumsum(self.lengths[examples])), weights,
                    reference, self.online)

    @property
    def lengths(self) -> np.ndarray:
        """int64[N]: tokens of the whole examples, whatever their labels are."""
        return np.diff(self._offsets)

    def counts(self) -> dict[str, int]:
        """Examples, those without a trained token (`skipped`), tokens, and trained tokens of one pass."""
        kept = np.add.reduceat(np.append(self._labels != filters.IGNORE, False), self._offsets[:-1], dtype=np.int64)
        kept[self.lengths == 0] = 0
        share = 1 if self.online is None else self.online
        return {"examples": len(self), "skipped": int((kept == 0).sum()), "tokens": len(self._ids),
                "trained": round(int(kept.sum()) * share)}


def of_export(folder: Path) -> Rows:
    """The rows of an export in token ids, whose data is compared with its record first. Raises: StoreError if it is
    damaged; SettingsError where it holds no token ids, or nothing to train."""
    told = read_back(folder)
    batches = list(FORMATS[told["format"]].read(folder))
    if not batches or "labels" not in batches[0].schema.names:
        raise SettingsError(f"The export {folder} holds {told['format']}, not token ids: export with --format hf, "
                            "parquet or jsonl to train on it.")
    offsets = np.append(0, np.cumsum([length for batch in batches
                                      for length in batch["labels"].value_lengths().to_numpy(zero_copy_only=False)]))
    weights = _flat(batches, "loss_weights", np.float32) if "loss_weights" in batches[0].schema.names else None
    return Rows(_flat(batches, "input_ids"), _flat(batches, "labels"), offsets.astype(np.int64), weights)


def _flat(batches: list[Any], name: str, kind: type = np.int32) -> np.ndarray:
    return np.concatenate([batch[name].flatten().to_numpy(zero_copy_only=False) for batch in batches]).astype(kind)
