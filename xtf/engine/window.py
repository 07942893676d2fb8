"""One window of examples: from rendered tokens to the rows of a shard, in batches filled by token count."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xtf.engine.survey import Window

if TYPE_CHECKING:
    from xtf.scoring.forward import Scorer


def score_window(scorer: "Scorer", window: Window, budget: int,
                 progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """One row per example of the window, in its order. Batches are filled by token count, shortest first."""
    rows: list[dict[str, Any]] = [{} for _ in window]
    done = 0
    for batch in batches([len(tokens) for _, tokens in window], budget):
        scored = scorer.score([window[position][1] for position in batch])
        for position, columns in zip(batch, scored, strict=True):
            example, tokens = window[position]
            rows[position] = {"id": example.id, "text": tokens.text, "ids": tokens.ids, "starts": tokens.spans[:, 0],
                              "ends": tokens.spans[:, 1], "marks": tokens.marks, **columns}
            done += len(tokens)
        progress(done)
    return rows


def batches(lengths: list[int], budget: int) -> Iterator[list[int]]:
    """Positions of `lengths`, shortest first, in batches of at most `budget` padded tokens (one example at least)."""
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[position] > budget:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def shard_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of arrays as an Arrow table; every column keeps its own width."""
    types = {"id": pa.string(), "text": pa.large_string(), "ids": pa.list_(pa.int32()), "starts": pa.list_(pa.int32()),
             "ends": pa.list_(pa.int32()), "marks": pa.list_(pa.uint8())}
    return pa.table({name: pa.array([row[name] for row in rows], types.get(name, pa.list_(pa.float32())))
                     for name in rows[0]})
