"""What a training step reads: examples cut after their last kept label, in micro-batches filled by token count."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from xtf.engine.window import batches
from xtf.filters import IGNORE


class Row(NamedTuple):
    """One example as the loss needs it. The model reads T tokens; K of its predictions are judged."""

    ids: np.ndarray  # int32[T]: no token that only later, untrained tokens would look at
    places: np.ndarray  # int64[K], ascending: positions whose prediction is judged
    targets: np.ndarray  # int32[K], the tokens that come after them


def row(ids: np.ndarray, labels: np.ndarray) -> Row:
    """`ids` and `labels` int32[n] as exports have them, aligned. A causal model's prediction hangs on earlier tokens
    only, so what comes after the last judged one is cut off without a change to loss or gradient; an example without a
    label that anything predicts becomes empty."""
    places = np.flatnonzero(labels[1:] != IGNORE)
    return Row(ids[:places.max(initial=-1) + 1], places, labels[places + 1])


def micro_batches(rows: Sequence[Row], tokens: int) -> Iterator[list[Row]]:
    """The rows by length, in batches of at most `tokens` padded tokens (one row at least); empty ones are left out."""
    full = [each for each in rows if len(each.ids)]
    return ([full[place] for place in batch] for batch in batches([len(each.ids) for each in full], tokens))


def tensors(rows: Sequence[Row], device: torch.device) -> dict[str, torch.Tensor]:
    """input_ids and attention_mask int64[B, T], padded to the right; kept int64[K] (positions in the flattened batch)
    and targets int64[K] of all rows together. Padding is token 0: nothing looks at it, and no prediction of it is
    judged."""
    longest = max(len(each.ids) for each in rows)
    ids = np.zeros((len(rows), longest), np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    for number, each in enumerate(rows):
        ids[number, :len(each.ids)], mask[number, :len(each.ids)] = each.ids, 1
    kept = np.concatenate([number * longest + each.places for number, each in enumerate(rows)])
    targets = np.concatenate([each.targets for each in rows]).astype(np.int64)
    return {name: torch.from_numpy(values).to(device) for name, values in
            {"input_ids": ids, "attention_mask": mask, "kept": kept, "targets": targets}.items()}
