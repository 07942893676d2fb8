"""Scored tokens as flat arrays: what filters, statistics and pages read. The files are `xtf.runs`'s business."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from pandas.arrays import ArrowStringArray

from xtf import blocks
from xtf.added import Added
from xtf.columns import TOKEN_COLUMNS, Mark
from xtf.errors import StoreError
from xtf.flat import Flat, running
from xtf.ranks import ROUNDING, per_example


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
        return _is_trainable(self.marks)


_KINDS = {"ids": np.int32, "starts": np.int32, "ends": np.int32, "marks": np.uint8}  # all others: float32


class ScoreTable:
    """All tokens of a run as flat arrays plus offsets. N examples, M tokens. Arrays are made when first asked for.

    Example i owns tokens offsets[i]:offsets[i + 1] of every flat array. Treat all arrays as read-only: those of a large
    run are memory-mapped.
    """

    def __init__(self, shards: Sequence[pa.Table], types: pa.Table, flat: Flat | None = None,
                 rounding: float = ROUNDING, added: Added | None = None):
        """`shards`: consecutive examples, in the layout of `xtf.runs`; each is only opened to read from it. `rounding`:
        relative, of the numbers that came out of the model's own arithmetic. `added`: columns that came later."""
        self.shards, self.rounding = shards, rounding
        self.flat, self.added = flat or Flat(), added or Added()
        self._types = types
        self._columns: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def _names(self) -> list[str]:
        return self.shards[0].column_names

    @cached_property
    def _firsts(self) -> np.ndarray:
        """int64[S + 1]: the first example of each shard."""
        return self.flat.array("firsts", np.int64,
                               lambda: running(np.array([shard.num_rows]) for shard in self.shards))

    @cached_property
    def offsets(self) -> np.ndarray:
        """int64[N + 1]"""
        return self.flat.array("offsets", np.int64, lambda: running(
            np.diff(chunk.offsets.to_numpy()) for shard in self.shards for chunk in shard["ids"].chunks))

    @cached_property
    def example_ids(self) -> ArrowStringArray:
        """str[N], compact: item, slice, iteration and comparison are as of an array of str."""
        return ArrowStringArray(self.strings("id", lambda part: part.shards[0]["id"].chunks))

    def prepare(self) -> None:
        """Makes what opening takes: where examples begin, and their ids."""
        _ = self.offsets, self._firsts, self.example_ids

    def strings(self, name: str, of: Callable[["ScoreTable"], Iterable[pa.Array]]) -> pa.LargeStringArray:
        """One text per example, which `of` gives for the examples of one of the `parts`; kept under that name."""
        return self.flat.strings(name, lambda: (texts for part in self.parts() for texts in of(part)))

    def parts(self) -> Iterator["ScoreTable"]:
        """The same table, shard by shard and in memory."""
        return (ScoreTable([shard], self._types, rounding=self.rounding) for shard in self.shards)

    def texts(self) -> Iterator[str]:
        """The text of each example, one at a time."""
        return (text.as_py() for shard in self.shards for chunk in shard["text"].chunks for text in chunk)

    def column(self, name: str) -> np.ndarray:
        """The flat column [M] of that name: ids int32, starts int32, ends int32, marks uint8, else float32, NaN where
        the token is not trainable."""
        if name not in self._columns:
            if name in self.added:
                self._columns[name] = self.added.read(name)
                return self._columns[name]
            if name not in self._names:
                raise StoreError(f"This run has no column {name}; it has {', '.join(self.score_names)}.")
            self._columns[name] = self.flat.array(name, _KINDS.get(name, np.float32), lambda: self._pieces(name))
        return self._columns[name]

    def _pieces(self, name: str) -> Iterator[np.ndarray]:
        for shard in self.shards:
            for flat, marks in zip(_flattened(shard, name), _flattened(shard, "marks")):
                yield flat if name in _KINDS else np.where(_is_trainable(marks), flat, np.float32(np.nan))

    @property
    def ids(self) -> np.ndarray:
        return self.column("ids")

    @property
    def marks(self) -> np.ndarray:
        return self.column("marks")

    @cached_property
    def trainable(self) -> np.ndarray:
        """bool[M]: the tokens that the loss may see."""
        return self.flat.array("trainable", np.bool_, lambda: (
            _is_trainable(marks) for marks in self._pieces("marks")))

    @cached_property
    def trainable_counts(self) -> np.ndarray:
        """int64[N]: the trainable tokens of each example."""
        return self.flat.array("trainable-counts", np.int64, lambda: blocks.each(
            self._trainable_among, self.offsets))

    def _trainable_among(self, first: int, last: int) -> np.ndarray:
        begin, end = self.offsets[first], self.offsets[last]
        return per_example(self.trainable[begin:end], self.offsets[first:last + 1] - begin)

    @property
    def score_names(self) -> list[str]:
        """Names of the stored per-token scores, in the order of TOKEN_COLUMNS."""
        return [name for name in TOKEN_COLUMNS if name in self._names]

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
        return self.flat.array("type_of", np.int32, lambda: (row_of[ids] for ids in self._pieces("ids")))

    def example_at(self, token: int) -> int:
        """The example that the token at a position of the flat arrays belongs to."""
        return int(np.searchsorted(self.offsets, token, side="right")) - 1

    def example(self, index: int) -> ScoredExample:
        """Everything about one example; IndexError if there is none."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        shard = int(np.searchsorted(self._firsts, index, side="right")) - 1
        row = self.shards[shard].slice(index - int(self._firsts[shard]), 1)

        def flat(name: str) -> np.ndarray:
            return np.concatenate(list(_flattened(row, name)))

        return ScoredExample(
            index=index, id=row["id"][0].as_py(), text=row["text"][0].as_py(), ids=flat("ids"),
            spans=np.stack([flat("starts"), flat("ends")], axis=1), marks=flat("marks"),
            scores={name: flat(name) for name in self.score_names})

    def find(self, example: str) -> int:
        """Index of an example given by its id or, failing that, by its position. Raises: StoreError."""
        found = np.flatnonzero(self.example_ids == example)
        if len(found):
            return int(found[0])
        if example.isdecimal() and int(example) < len(self):
            return int(example)
        raise StoreError(f"There is no example {example!r}; this run has {len(self)}, counted from 0.")


def _is_trainable(marks: np.ndarray) -> np.ndarray:
    return (marks & np.uint8(Mark.RESPONSE)) != 0


def _flattened(shard: pa.Table, name: str) -> Iterator[np.ndarray]:
    return (chunk.flatten().to_numpy() for chunk in shard[name].chunks)
