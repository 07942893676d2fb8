"""Two streams of rows compared, a few batches of each in memory: which rows differ, are missing, or are too many.

Rows that hold the same text (or ids) are the same row, whatever their labels say. Where they do not, the next rows of
both streams are searched for the place where they go on together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LOOK = 64  # rows ahead
Row = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One row that is not the same on both sides; positions count from 0, None on the side that has no such row."""

    kind: Literal["labels", "text", "missing", "extra"]  # text: what the row is about differs, too
    exported: int | None
    recomputed: int | None
    left: Row | None  # as exported
    right: Row | None  # as recomputed


class Side:
    """One stream of batches, of which the first rows are in `table` until they are taken away."""

    def __init__(self, batches: Iterator[pa.RecordBatch], columns: Sequence[str]):
        self._batches, self._columns = batches, list(columns)
        self.table: pa.Table | None = None
        self.position = 0  # of the first row in `table`
        self._more = True

    def fill(self, rows: int) -> int:
        """Reads on until so many rows are there, or the end; how many there are."""
        parts = [self.table] if self.table is not None else []
        here = sum(part.num_rows for part in parts)
        while self._more and here < rows:
            batch = next(self._batches, None)
            if batch is None:
                self._more = False
            else:
                parts.append(pa.table(batch).select(self._columns))
                here += batch.num_rows
        if parts:
            self.table = pa.concat_tables(parts)
        return here

    def take(self, rows: int) -> None:
        """Lets the first rows go."""
        if self.table is not None:
            self.table = self.table.slice(rows)
        self.position += rows

    def row(self, index: int) -> Row:
        """One of the rows that are there."""
        assert self.table is not None
        found: Row = self.table.slice(index, 1).to_pylist()[0]
        return found


def differences(left: Side, right: Side, key: Sequence[str]) -> Iterator[Difference | int]:
    """What differs, in order, and between that the numbers of rows that are the same. `key`: the columns that say
    what a row is about. `left` is what was exported."""
    while True:
        here, there = left.fill(LOOK), right.fill(LOOK)
        if not here and not there:
            return
        both = min(here, there)
        if not both:
            yield from _alone(left, right, here, there)
            continue
        assert left.table is not None and right.table is not None
        differ = _differing(left.table.slice(0, both), right.table.slice(0, both))
        yield from _passed(left, right, differ, key)


def _passed(left: Side, right: Side, differ: np.ndarray, key: Sequence[str]) -> Iterator[Difference | int]:
    """The rows of one stretch, up to where the sides part."""
    done = 0
    for index in np.flatnonzero(differ).tolist():
        if index > done:
            yield index - done
        ours, theirs = left.row(index), right.row(index)
        if _key(ours, key) != _key(theirs, key):
            left.take(index)
            right.take(index)
            yield from _parted(left, right, key)
            return
        yield Difference("labels", left.position + index, right.position + index, ours, theirs)
        done = index + 1
    if len(differ) > done:
        yield len(differ) - done
    left.take(len(differ))
    right.take(len(differ))


def _parted(left: Side, right: Side, key: Sequence[str]) -> Iterator[Difference]:
    """The first rows are about different things: what lies before the place where both sides meet again."""
    here, there = min(left.fill(LOOK), LOOK), min(right.fill(LOOK), LOOK)
    ours = {_key(left.row(index), key): index for index in reversed(range(here))}
    meetings = [(ours[known], index) for index in range(there) if (known := _key(right.row(index), key)) in ours]
    yield from _alone(left, right, *min(meetings, key=sum, default=(min(here, there),) * 2))


def _alone(left: Side, right: Side, extra: int, missing: int) -> Iterator[Difference]:
    """The first rows of each side that have no counterpart; as many as both have are one row that is another."""
    for index in range(max(extra, missing)):
        ours = left.row(index) if index < extra else None
        theirs = right.row(index) if index < missing else None
        kind: Literal["text", "extra", "missing"] = "text" if ours and theirs else "extra" if ours else "missing"
        yield Difference(kind, left.position + index if ours else None, right.position + index if theirs else None,
                         ours, theirs)
    left.take(extra)
    right.take(missing)


def _key(row: Row, key: Sequence[str]) -> str:
    return repr([_about(row[name]) for name in key])


def _about(value: Any) -> Any:
    """Of messages, who says what: training flags and spans are no part of it."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [(message.get("role"), message.get("content")) for message in value]
    return value


def _differing(left: pa.Table, right: pa.Table) -> np.ndarray:
    """bool[rows]"""
    found = np.zeros(left.num_rows, bool)
    for name in left.column_names:
        ours, theirs = (_whole(table[name]) for table in (left, right))
        found |= _differing_lists(ours, theirs) if _is_numbers(ours.type) and _is_numbers(theirs.type) else np.array(
            [one != other for one, other in zip(ours.to_pylist(), theirs.to_pylist(), strict=True)], bool)
    return found


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _is_numbers(kind: pa.DataType) -> bool:
    return (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and (
        pa.types.is_integer(kind.value_type) or pa.types.is_floating(kind.value_type))


def _differing_lists(ours: pa.Array, theirs: pa.Array) -> np.ndarray:
    """bool[rows] of lists of numbers. A number that is not there is null or NaN, which are the same."""
    lengths, others = (pc.list_value_length(side).to_numpy(zero_copy_only=False) for side in (ours, theirs))
    found: np.ndarray = lengths != others
    if found.any():  # only rows of the same length can be laid side by side
        same = pa.array(~found)
        found[~found] = _differing_lists(ours.filter(same), theirs.filter(same))
        return found
    one, other = _numbers(ours), _numbers(theirs)
    wrong = np.flatnonzero((one != other) & ~(np.isnan(one) & np.isnan(other)))
    ends = np.cumsum(lengths)
    found[np.searchsorted(ends, wrong, side="right")] = True
    return found


def _numbers(lists: pa.Array) -> np.ndarray:
    """float64: holds every int32 and float32."""
    return lists.flatten().cast(pa.float64()).to_numpy(zero_copy_only=False)
