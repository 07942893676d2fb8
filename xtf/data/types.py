"""The two values that data passes through: an example (messages) and its tokens."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xtf.columns import Mark


@dataclass(frozen=True)
class Message:
    """One turn. `role` is system, user or assistant; every assistant turn is trainable."""

    role: str
    content: str


@dataclass(frozen=True)
class Example:
    """One row of the dataset in the one form that all formats are turned into. `id` is unique in its dataset."""

    id: str
    messages: tuple[Message, ...]
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tokens:
    """One tokenised example. T tokens; spans are [start, end) in characters of `text`."""

    ids: np.ndarray  # int32[T]
    marks: np.ndarray  # uint8[T], bits of `Mark`
    spans: np.ndarray  # int32[T, 2]
    text: str

    @property
    def trainable(self) -> np.ndarray:
        """bool[T]: the tokens that the loss may see."""
        return (self.marks & Mark.RESPONSE) != 0

    def __len__(self) -> int:
        return len(self.ids)
