"""One window of examples: from rendered tokens to the rows of a shard, in batches filled by token count."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xtf import devices
from xtf.engine.survey import Window
from xtf.errors import ModelError

if TYPE_CHECKING:
    from xtf.scoring.forward import Scorer


@dataclass
class Budget:
    """How many padded tokens a batch may hold. Halved, for the rest of the run, when memory does not suffice."""

    tokens: int

    def halve(self, example: str, error: BaseException) -> None:
        """Raises: ModelError when there is nothing left to halve."""
        if self.tokens <= 1:
            raise ModelError(f"Example {example} does not fit into memory even alone: shorten it with --max-length and "
                             "--too-long truncate, or choose a smaller model or --device cpu.") from error
        self.tokens //= 2
        logging.getLogger(__name__).warning("Out of memory: going on with batches of at most %d tokens.", self.tokens)


def score_window(scorer: "Scorer", window: Window, budget: Budget,
                 progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """One row per example of the window, in its order. Batches are filled by token count, shortest first."""
    rows: dict[int, dict[str, Any]] = {}
    done = 0
    while left := [position for position in range(len(window)) if position not in rows]:
        plan = [[left[place] for place in batch] for batch in
                batches([len(window[position][1]) for position in left], budget.tokens)]
        try:
            for batch, scored in zip(plan, scorer.score_all(_tokens(window, plan)), strict=True):
                for position, columns in zip(batch, scored, strict=True):
                    rows[position] = _row(*window[position], columns)
                    done += len(window[position][1])
                progress(done)
        except (RuntimeError, MemoryError) as error:
            if not devices.out_of_memory(error):
                raise
            longest = max(left, key=lambda position: len(window[position][1]))
            budget.tokens = min(budget.tokens, max(len(batch) * len(window[batch[-1]][1]) for batch in plan))
            budget.halve(window[longest][0].id, error)
    return [rows[position] for position in range(len(window))]


def _tokens(window: Window, plan: list[list[int]]) -> list[list[Any]]:
    return [[window[position][1] for position in batch] for batch in plan]


def _row(example: Any, tokens: Any, columns: dict[str, Any]) -> dict[str, Any]:
    return {"id": example.id, "text": tokens.text, "ids": tokens.ids, "starts": tokens.spans[:, 0],
            "ends": tokens.spans[:, 1], "marks": tokens.marks, **columns}


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
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
