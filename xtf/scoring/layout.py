"""How a batch of examples lies in the tensors that a model sees.

packed   all examples behind one another in one row, without padding, each attending to itself only; the prompt that
         they all begin with (a system prompt, say) stands once at the front and is seen by all
padded   one row for each example, padded on the right; for devices that want few large operations, and for
         architectures whose layers mix neighbours in ways of their own
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xtf.columns import Mark
from xtf.data.types import Tokens

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Piece:
    """Tokens that attend to one another: `rows` of the tensors, `places` along them. They also see the first `shared`
    places of their row. Nothing is asked of the queries before `first`, counted from the piece's start."""

    rows: slice
    places: slice
    shared: int
    first: int


@dataclass(frozen=True)
class Layout:
    """A batch as the model sees it. All tensors are [R, S]: R = 1 for packed, one row per example for padded."""

    ids: torch.Tensor  # int64
    positions: torch.Tensor  # int64, each token's place in its example
    trainable: torch.Tensor  # bool
    prompt: torch.Tensor  # bool
    lengths: torch.Tensor  # float32: tokens of the example that the token belongs to
    pieces: tuple[Piece, ...]
    homes: tuple[tuple[int, slice], ...]  # of each example: its row, and its places without the shared ones
    shared: int  # tokens that all examples begin with and that stand once, at the front

    @property
    def longest(self) -> int:
        """Tokens of the longest piece, shared ones included."""
        return max(piece.shared + piece.places.stop - piece.places.start for piece in self.pieces)

    @property
    def later(self) -> torch.Tensor:
        """float32: how many tokens of its example come after each token. Below 0 in padding."""
        return self.lengths - 1 - self.positions

    def per_example(self, columns: dict[str, torch.Tensor]) -> list[Columns]:
        """Cuts columns [R, S] into examples, NaN where not trainable."""
        blank = ~self.trainable
        arrays = {name: column.masked_fill(blank, torch.nan).cpu().numpy() for name, column in columns.items()}
        front = np.full(self.shared, np.nan, np.float32)
        return [{name: np.concatenate([front, array[row, places]]) for name, array in arrays.items()}
                for row, places in self.homes]


def padded(batch: Sequence[Tokens], device: torch.device) -> Layout:
    """One row per example."""
    longest = max(len(tokens) for tokens in batch)
    ids, marks = np.zeros((len(batch), longest), np.int64), np.zeros((len(batch), longest), np.uint8)
    for row, tokens in enumerate(batch):
        ids[row, :len(tokens)], marks[row, :len(tokens)] = tokens.ids, tokens.marks
    lengths = np.array([[len(tokens)] for tokens in batch], np.float32).repeat(longest, axis=1)
    positions = np.arange(longest)[None].repeat(len(batch), axis=0)
    whole = Piece(slice(0, len(batch)), slice(0, longest), 0, min(map(_first_response, batch)))
    homes = tuple((row, slice(0, len(tokens))) for row, tokens in enumerate(batch))
    return _layout(ids, positions, marks, lengths, (whole,), homes, 0, device)


def packed(batch: Sequence[Tokens], device: torch.device) -> Layout:
    """One row for all, no padding."""
    shared = shared_prompt(batch)
    front = [Piece(slice(0, 1), slice(0, shared), 0, shared)] if shared else []
    ends = shared + np.cumsum([len(tokens) - shared for tokens in batch])
    homes = tuple((0, slice(int(end) - len(tokens) + shared, int(end)))
                  for end, tokens in zip(ends, batch, strict=True))
    pieces = [Piece(slice(0, 1), places, shared, _first_response(tokens) - shared)
              for (_, places), tokens in zip(homes, batch, strict=True)]
    parts = [(batch[0], slice(0, shared)), *((tokens, slice(shared, None)) for tokens in batch)]
    ids, positions, marks, lengths = (
        np.concatenate([values(tokens)[part] for tokens, part in parts])[None] for values in (
            lambda tokens: tokens.ids, lambda tokens: np.arange(len(tokens)), lambda tokens: tokens.marks,
            lambda tokens: np.full(len(tokens), len(tokens), np.float32)))
    return _layout(ids, positions, marks, lengths, (*front, *pieces), homes, shared, device)


def shared_prompt(batch: Sequence[Tokens]) -> int:
    """How many tokens all examples begin with, before anything that is predicted or predicts a response."""
    if len(batch) < 2:
        return 0
    shared = min(_first_response(tokens) for tokens in batch) - 1
    for tokens in batch[1:]:
        differs = tokens.ids[:shared] != batch[0].ids[:shared]
        shared = int(differs.argmax()) if differs.any() else shared
    return max(0, shared)


def _first_response(tokens: Tokens) -> int:
    trainable = tokens.trainable
    return int(trainable.argmax()) if trainable.any() else len(tokens)


def _layout(ids: np.ndarray, positions: np.ndarray, marks: np.ndarray, lengths: np.ndarray,
            pieces: tuple[Piece, ...], homes: tuple[tuple[int, slice], ...], shared: int,
            device: torch.device) -> Layout:
    def on_device(array: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
        return torch.as_tensor(array, dtype=dtype, device=device)

    return Layout(
        ids=on_device(ids, torch.long), positions=on_device(positions, torch.long),
        trainable=on_device((marks & Mark.RESPONSE) != 0, torch.bool),
        prompt=on_device((marks & Mark.PROMPT) != 0, torch.bool), lengths=on_device(lengths, torch.float32),
        pieces=pieces, homes=homes, shared=shared)
