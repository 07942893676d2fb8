"""The table of token types: every vocabulary id in use, how often, and how near it lies to the domain."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from xtf.columns import Mark

Similarities = Callable[[np.ndarray, np.ndarray, Sequence[Sequence[int]]], dict[str, np.ndarray]]


def table(shards: Iterable[pa.Table], tokenizer: Any, similarities: Similarities, words: Sequence[str]) -> pa.Table:
    """One row per type, sorted by id; columns as `ScoreTable.types` tells. Shards are read one at a time."""
    counts = _Counts(len(tokenizer))
    for shard in shards:
        counts.add(_flat(shard, "ids"), _flat(shard, "marks"))
    ids = np.flatnonzero(counts.all).astype(np.int32)
    texts = [tokenizer.decode([int(token)]) for token in ids]
    word_ids = [tokenizer(word, add_special_tokens=False).input_ids for word in words]
    return pa.table({
        "id": ids, "text": pa.array(texts, pa.string()), "first_id": _first_ids(ids, counts.first[ids], tokenizer),
        "count": counts.all[ids], "response_count": counts.response[ids],
        **similarities(ids, counts.content[ids], word_ids)})


class _Counts:
    """Occurrences of each vocabulary id: everywhere, in messages (which make the domain's mean), in responses; and
    where it is first seen."""

    def __init__(self, vocabulary: int):
        self.all, self.content, self.response = (np.zeros(vocabulary, np.int64) for _ in range(3))
        self.first = np.full(vocabulary, np.iinfo(np.int64).max)
        self.seen = 0

    def add(self, ids: np.ndarray, marks: np.ndarray) -> None:
        size = len(self.all)
        message = ((marks & (Mark.PROMPT | Mark.RESPONSE)) != 0) & ((marks & Mark.SPECIAL) == 0)
        self.all += np.bincount(ids, minlength=size)
        self.content += np.bincount(ids[message], minlength=size)
        self.response += np.bincount(ids[(marks & Mark.RESPONSE) != 0], minlength=size)
        unique, position = np.unique(ids, return_index=True)
        self.first[unique] = np.minimum(self.first[unique], position + self.seen)
        self.seen += len(ids)


def _first_ids(ids: np.ndarray, first: np.ndarray, tokenizer: Any) -> np.ndarray:
    """For each type the first-seen id whose decoded, stripped text is the same (published code's token key)."""
    chosen: dict[str, int] = {}
    keys = [tokenizer.decode([int(token)], skip_special_tokens=True).strip() for token in ids]
    for row in np.argsort(first, kind="stable"):
        chosen.setdefault(keys[row], int(ids[row]))
    return np.array([chosen[key] for key in keys], np.int32)


def _flat(shard: pa.Table, name: str) -> np.ndarray:
    return np.concatenate([chunk.flatten().to_numpy() for chunk in shard[name].chunks])
