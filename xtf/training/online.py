"""Selective language modelling: each batch trains on the tokens whose loss is furthest above a reference model's, as
the model stands at that step (Lin et al., 2024, "Rho-1", Eq. 3 and 4)."""

from collections.abc import Sequence

import numpy as np

from xtf.ranks import highest
from xtf.training.rows import Row, only


def selected(rows: Sequence[Row], losses: np.ndarray, keep: float) -> list[Row]:
    """The rows of a batch with only the share `keep` of their predictions judged: those of the highest excess loss.

    losses: float32[K], nats, of the predictions of all rows one after the other.
    """
    reference = np.concatenate([_reference(each) for each in rows])
    chosen = highest(losses + reference, keep)  # the reference's loss is minus its log-probability
    ends = np.cumsum([len(each.targets) for each in rows])
    return [only(each, some) for each, some in zip(rows, np.split(chosen, ends[:-1]))]


def _reference(row: Row) -> np.ndarray:
    return np.zeros(0, np.float32) if row.reference is None else row.reference
