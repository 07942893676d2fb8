"""Scored tokens as flat arrays: what filters, statistics and pages read. The files are `xtf.runs`'s business."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from xtf.columns import TOKEN_COLUMNS, Mark
from xtf.errors import StoreError


@dataclass(frozen=True)
class Manifest:
    """What a run is: identity, provenance and counts. `complete` is False for a run that is still being scored."""

    name: str
    run_id: str
    settings: dict[str, Any]
    model: dict[str, Any] = field(default_factory=dict)  # id, revision, digest, architecture, dtype, attention note
    data: dict[str, Any] = field(default_factory=dict)  # digest, format, template, domain, domain_words
    counts: dict[str, int] = field(default_factory=dict)  # examples, tokens, trainable, skipped_*, truncated, …
    notes: list[str] = field(default_factory=list)  # sentences for the user: what was skipped, switched off, assumed
    seconds: float = 0.0
    created: str = ""  # ISO 8601, UTC
    version: str = ""
    complete: bool = False


@dataclass(frozen=True)
class ScoredExample:
    """One example with everything known about its T tokens."""

    index: int
    id: str
    text: str
    ids: np.ndarray  # int32[T]
    spans: np.ndarray  # int32[T, 2], characters of `text`
    marks: np.ndarray  # uint8[T]
    scores: dict[str, np.ndarray]  # float32[T] each

    @property
    def trainable(self) -> np.ndarray:
        """bool[T]: the tokens that the loss may see."""
        return (self.marks & Mark.RESPONSE) != 0


class ScoreTable:
    """All tokens of a run as flat arrays plus offsets. N examples, M tokens. Columns are read when first asked for.

    Example i owns tokens offsets[i]:offsets[i + 1] of every flat array. Treat all arrays as read-only.
    """

    def __init__(self, shards: pa.Table, types: pa.Table):
        self._shards = shards
        self._types = types
        self._columns: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return self._shards.num_rows

    @cached_property
    def offsets(self) -> np.ndarray:
        """int64[N + 1]"""
        lengths = [np.diff(chunk.offsets.to_numpy()) for chunk in self._shards["ids"].chunks]
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(lengths), dtype=np.int64)])

    @cached_property
    def example_ids(self) -> list[str]:
        return self._shards["id"].to_pylist()

    def texts(self) -> Iterator[str]:
        """The text of each example, one at a time."""
        return (text.as_py() for chunk in self._shards["text"].chunks for text in chunk)

    @cached_property
    def example_of(self) -> np.ndarray:
        """int32[M]: the example that each token belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.offsets))

    def column(self, name: str) -> np.ndarray:
        """The flat column [M] of that name: ids int32, starts int32, ends int32, marks uint8, else float32."""
        if name not in self._columns:
            if name not in self._shards.column_names:
                raise StoreError(f"This run has no column {name}; it has {', '.join(self.score_names)}.")
            self._columns[name] = np.concatenate(
                [chunk.flatten().to_numpy() for chunk in self._shards[name].chunks])
        return self._columns[name]

    @property
    def ids(self) -> np.ndarray:
        return self.column("ids")

    @property
    def marks(self) -> np.ndarray:
        return self.column("marks")

    @cached_property
    def trainable(self) -> np.ndarray:
        """bool[M]: the tokens that the loss may see."""
        return (self.marks & Mark.RESPONSE) != 0

    @property
    def score_names(self) -> list[str]:
        """Names of the stored per-token scores, in the order of TOKEN_COLUMNS."""
        return [name for name in TOKEN_COLUMNS if name in self._shards.column_names]

    def types(self, name: str) -> np.ndarray:
        """A column over the V' token types in use, sorted by id: `id` int32, `first_id` int32 (the first-seen id with
        the same decoded and stripped text), `count` int64 (all tokens), `response_count` int64, and TYPE_COLUMNS
        float32 (NaN where not computed)."""
        return self._types[name].to_numpy()

    @property
    def type_texts(self) -> list[str]:
        """Decoded text of each token type, in the order of `types("id")`."""
        return self._types["text"].to_pylist()

    @cached_property
    def type_of(self) -> np.ndarray:
        """int32[M]: row of each token in the table of types."""
        known = self.types("id")
        row_of = np.zeros(int(known[-1]) + 1, np.int32)  # a look-up table: searching 10 million tokens takes a second
        row_of[known] = np.arange(len(known), dtype=np.int32)
        return row_of[self.ids]

    def example(self, index: int) -> ScoredExample:
        """Everything about one example; IndexError if there is none."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        row = self._shards.slice(index, 1)

        def flat(name: str) -> np.ndarray:
            return row[name].combine_chunks().flatten().to_numpy()

        return ScoredExample(
            index=index, id=row["id"][0].as_py(), text=row["text"][0].as_py(), ids=flat("ids"),
            spans=np.stack([flat("starts"), flat("ends")], axis=1), marks=flat("marks"),
            scores={name: flat(name) for name in self.score_names})

    def find(self, example: str) -> int:
        """Index of an example given by its id or, failing that, by its position. Raises: StoreError."""
        if example in self.example_ids:
            return self.example_ids.index(example)
        if example.isdecimal() and int(example) < len(self):
            return int(example)
        raise StoreError(f"There is no example {example!r}; this run has {len(self)}, counted from 0.")
