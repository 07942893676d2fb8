"""Which examples of a run to try, so that they speak for all of it, and what follows for the rest. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xtf.engine import survey as surveying
from xtf.engine.window import batches

REACH = 20_000  # examples: those tried are among the first so many, since these are read a second time
_TRIED_TOKENS = 12_000


@dataclass(frozen=True)
class Batch:
    """One batch of a run, by the positions of its examples in the data."""

    positions: list[int]
    longest: int  # tokens

    @property
    def padded(self) -> int:
        return self.longest * len(self.positions)


def plan(lengths: Sequence[int], budget: int) -> list[Batch]:
    """The batches that scoring will make of examples of these lengths."""
    planned: list[Batch] = []
    start = 0
    while start < len(lengths):
        end = window_end(lengths, start)
        here = [int(length) for length in lengths[start:end]]
        planned += [Batch([start + position for position in batch], max(here[position] for position in batch))
                    for batch in batches(here, budget)]
        start = end
    return planned


def window_end(lengths: Sequence[int], start: int) -> int:
    """Where the window that begins at `start` ends, as `survey.windows` cuts them."""
    count = 0
    for position in range(start, len(lengths)):
        count += int(lengths[position])
        if count >= surveying.SHARD_TOKENS:
            return position + 1
    return len(lengths)


def sample(lengths: Sequence[int]) -> list[int]:
    """Positions of examples with about _TRIED_TOKENS tokens, evenly spread over all lengths: like a window of a run."""
    order = np.argsort(np.asarray(lengths[:REACH]), kind="stable")
    tokens = int(np.sum(lengths[:REACH]))
    count = max(1, round(len(order) * min(1.0, _TRIED_TOKENS / tokens)))
    return sorted(order[((np.arange(count) + 0.5) * len(order) / count).astype(int)].tolist())


def largest(planned: Sequence[Batch]) -> Batch:
    """The batch that decides on memory, of those within reach."""
    near = [batch for batch in planned if max(batch.positions) < REACH]
    return max(near or planned[:1], key=lambda batch: batch.longest * batch.padded)


def padded(planned: Sequence[Batch]) -> int:
    """Tokens with padding, to which the time is proportional."""
    return sum(batch.padded for batch in planned)


def types_in_all(half: int, whole: int, read: int, tokens: int, vocabulary: int) -> int:
    """Token types in `tokens` tokens, when `read` tokens hold `whole` types and the first half of them `half`: they
    grow as a power of the tokens (Heaps' law)."""
    if tokens <= read or half == 0:
        return whole
    power = np.log2(max(1.0, whole / half))
    return min(vocabulary, round(whole * (tokens / read) ** power))
