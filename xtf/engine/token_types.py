"""The table of token types: every vocabulary id in use, how often, and how near it lies to the domain."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from xtf.columns import Mark

Similarities = Callable[[np.ndarray, np.ndarray, Sequence[Sequence[int]]], dict[str, np.ndarray]]


def table(shards: Iterable[pa.Table], tokenizer: Any, similarities: Similarities, words: Sequence[str]) -> pa.Table:
    """One row per type, sorted by id; columns as `ScoreTable.types` tells. Shards are read one at a time."""
    counts = TypeCounts(tokenizer, words)
    for shard in shards:
        counts.add(shard)
    return counts.table(similarities)


class TypeCounts:
    """Occurrences of each vocabulary id: everywhere, in messages (which make the domain's mean), in responses; and
    where it is first seen. Shards are added in the order of the data; a table can be had at any time."""

    def __init__(self, tokenizer: Any, words: Sequence[str]):
        self._tokenizer, self._size = tokenizer, len(tokenizer)
        self._words = [tokenizer(word, add_special_tokens=False).input_ids for word in words]
        self.all, self.content, self.response = (np.zeros(self._size, np.int64) for _ in range(3))
        self.first = np.full(self._size, np.iinfo(np.int64).max)
        self.seen = self.shards = 0
        self._texts: dict[int, str] = {}
        self._keys: dict[int, str] = {}

    def add(self, shard: pa.Table) -> None:
        """Counts the tokens of one shard."""
        ids, marks = _flat(shard, "ids"), _flat(shard, "marks")
        message = ((marks & (Mark.PROMPT | Mark.RESPONSE)) != 0) & ((marks & Mark.SPECIAL) == 0)
        unique, position = np.unique(ids, return_index=True)
        first = self.first.copy()
        first[unique] = np.minimum(first[unique], position + self.seen)

        def plus(counts: np.ndarray, of: np.ndarray) -> np.ndarray:
            return counts + np.bincount(of, minlength=self._size)

        counted = (plus(self.all, ids), plus(self.content, ids[message]),
                   plus(self.response, ids[(marks & Mark.RESPONSE) != 0]))
        # All at once, so that an interrupt never leaves a shard half counted.
        (self.all, self.content, self.response), self.first = counted, first
        self.seen, self.shards = self.seen + len(ids), self.shards + 1

    def table(self, similarities: Similarities) -> pa.Table:
        """The table of what was added so far."""
        ids = np.flatnonzero(self.all).astype(np.int32)
        for token in set(ids.tolist()) - self._texts.keys():  # each is decoded once, however often a table is made
            self._texts[token] = self._tokenizer.decode([token])
            self._keys[token] = self._tokenizer.decode([token], skip_special_tokens=True).strip()
        return pa.table({
            "id": ids, "text": pa.array([self._texts[token] for token in ids.tolist()], pa.string()),
            "first_id": self._first_ids(ids), "count": self.all[ids], "response_count": self.response[ids],
            **similarities(ids, self.content[ids], self._words)})

    def _first_ids(self, ids: np.ndarray) -> np.ndarray:
        """For each type the first-seen id whose decoded, stripped text is the same (published code's token key)."""
        chosen: dict[str, int] = {}
        for token in ids[np.argsort(self.first[ids], kind="stable")].tolist():
            chosen.setdefault(self._keys[token], token)
        return np.array([chosen[self._keys[token]] for token in ids.tolist()], np.int32)


def _flat(shard: pa.Table, name: str) -> np.ndarray:
    return np.concatenate([chunk.flatten().to_numpy() for chunk in shard[name].chunks])
