"""What a training step reads: examples cut after their last kept label, in micro-batches filled by token count."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from xtf.engine.window import batches
from xtf.filters import IGNORE
from xtf.training.attention import Pieces


class Row(NamedTuple):
    """One example as the loss needs it. The model reads T tokens; K of its predictions are judged."""

    ids: np.ndarray  # int32[T]: no token that only later, untrained tokens would look at
    places: np.ndarray  # int64[K], ascending: positions whose prediction is judged
    targets: np.ndarray  # int32[K], the tokens that come after them
    weights: np.ndarray | None = None  # float32[K], of the loss of each; None: all 1
    reference: np.ndarray | None = None  # float32[K], log-probabilities by a reference model, nats


def row(ids: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None,
        reference: np.ndarray | None = None) -> Row:
    """`ids` and `labels` int32[n] as exports have them, and what else there is float32[n], all aligned. A causal
    model's prediction hangs on earlier tokens only, so what comes after the last judged one is cut off without a change
    to loss or gradient; an example without a label that anything predicts becomes empty."""
    places = np.flatnonzero(labels[1:] != IGNORE)
    weights, reference = (None if each is None else each[places + 1] for each in (weights, reference))
    return Row(ids[:places.max(initial=-1) + 1], places, labels[places + 1], weights, reference)


def only(full: Row, judged: np.ndarray) -> Row:
    """The row with some of its K predictions judged. judged: bool[K]."""
    places = full.places[judged]
    weights, reference = (None if each is None else each[judged] for each in (full.weights, full.reference))
    return Row(full.ids[:places.max(initial=-1) + 1], places, full.targets[judged], weights, reference)


def micro_batches(rows: Sequence[Row], tokens: int, packed: bool = False) -> Iterator[list[Row]]:
    """The rows by length, in batches of at most `tokens` padded tokens (one row at least); empty ones are left out.
    Rows that are `packed` are not padded, and spread so that batches are about equal: as few as are within `tokens`."""
    full = sorted((each for each in rows if len(each.ids)), key=lambda each: len(each.ids))
    lengths = [len(each.ids) for each in full]
    if not packed or not full:
        return ([full[place] for place in batch] for batch in batches(lengths, tokens))
    most, count = max(tokens, lengths[-1]), -(-sum(lengths) // max(tokens, lengths[-1]))
    while max(sum(lengths[number::count]) for number in range(count)) > most:
        count += 1
    return (full[number::count] for number in range(count))


def padded(rows: Sequence[Row], device: torch.device) -> dict[str, Any]:
    """input_ids int64[B, T], padded to the right; kept int64[K] (positions in the flattened batch), targets int64[K]
    and, where there are any, weights float32[K] of all rows together. Padding is token 0: nothing that is judged looks
    at what comes after it, so that a mask would change nothing but which kernels attention can use."""
    longest = max(len(each.ids) for each in rows)
    ids = np.zeros((len(rows), longest), np.int64)
    for number, each in enumerate(rows):
        ids[number, :len(each.ids)] = each.ids
    kept = np.concatenate([number * longest + each.places for number, each in enumerate(rows)])
    return _on(device, input_ids=ids, kept=kept, **_judged(rows))


def one_row(rows: Sequence[Row], device: torch.device) -> dict[str, Any]:
    """The same without padding: input_ids and position_ids int64[1, S] with the examples behind one another, and
    `pieces`, which says where each lies. What all begin with, up to the first judged place, stands once in front."""
    shared = shared_start(rows)
    lengths = np.array([len(each.ids) for each in rows])
    stops = shared + np.cumsum(lengths - shared)
    starts = stops - lengths + shared
    ids = np.concatenate([rows[0].ids[:shared], *(each.ids[shared:] for each in rows)]).astype(np.int64)
    places = np.concatenate([np.arange(shared), *(np.arange(shared, length) for length in lengths)])
    kept = np.concatenate([start - shared + each.places for start, each in zip(starts, rows)])
    pieces = Pieces(shared, tuple(zip(starts.tolist(), stops.tolist())))
    # A mask of ones keeps `transformers` from making one of its own for rows that hold several examples.
    return _on(device, input_ids=ids[None], position_ids=places[None], attention_mask=np.ones_like(ids)[None],
               kept=kept, **_judged(rows)) | {"pieces": pieces}


def shared_start(rows: Sequence[Row]) -> int:
    """How many tokens all rows begin with, before the first place of any that is judged; 0 of a single row."""
    if len(rows) < 2:
        return 0
    shared = min(int(each.places[0]) for each in rows)
    for each in rows[1:]:
        differs = each.ids[:shared] != rows[0].ids[:shared]
        shared = int(differs.argmax()) if differs.any() else shared
    return shared


def _judged(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """targets int64[K], and weights float32[K] where some are not 1."""
    found = {"targets": np.concatenate([each.targets for each in rows]).astype(np.int64)}
    if all(each.weights is None for each in rows):
        return found
    return found | {"weights": np.concatenate([
        np.ones(len(each.targets), np.float32) if each.weights is None else each.weights for each in rows])}


def _on(device: torch.device, **arrays: np.ndarray) -> dict[str, Any]:
    return {name: torch.from_numpy(values).to(device) for name, values in arrays.items()}
