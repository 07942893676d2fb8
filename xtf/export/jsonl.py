"""JSON Lines by the column: numbers become text, and text numbers, in Arrow, three to five times as fast as by way of
Python objects. Whatever else there is goes through `json`.
"""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from xtf import blocks

_FRACTIONS = (pa.float32(), pa.float64())
BLOCK = 1 << 20  # bytes worked on at a time, unless a single line is longer
_THREADS = 4  # at most, since each holds some blocks


def write(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    """One object a row. Fractions are written with the fewest digits that give them back, NaN as null.

    Raises: OSError; ValueError for an infinite number, which JSON does not have.
    """
    with path.open("wb") as file:
        for texts in blocks.ahead((partial(lines, part) for part in _parts(batches)), _THREADS):
            _put(file, texts)


def lines(batch: pa.RecordBatch) -> pa.StringArray:
    """str[N]: the line of each row, with its end. Raises: ValueError as `write`."""
    parts: list[pa.StringArray | str] = []
    for name, column in zip(batch.schema.names, batch.columns):
        parts += [f"{',' if parts else '{'}{json.dumps(name)}:", _values(column)]
    return pc.binary_join_element_wise(*parts, "}\n", "")


def read(path: Path, columns: pa.Schema, block: int = BLOCK) -> Iterator[pa.RecordBatch]:
    """The rows' `columns`; what else the lines hold is parsed and left out. Raises: OSError; pa.ArrowInvalid (a
    ValueError) for what is no JSON, or not of these types; ValueError for a row that lacks one of the columns."""
    options = pa.json.ParseOptions(explicit_schema=columns, unexpected_field_behavior="ignore")
    with path.open("rb") as file:
        for table in blocks.ahead((partial(_parsed, piece, options) for piece in _pieces(file, block)), _THREADS):
            if lacking := [name for name in columns.names if _lacks(table[name])]:
                raise ValueError(f"a row lacks {lacking[0]}, or a number of it")
            yield from table.to_batches()


def _parsed(piece: bytes, options: pa.json.ParseOptions) -> pa.Table:
    # The whole piece is one block, since a row may not reach over the end of one.
    reading = pa.json.ReadOptions(use_threads=False, block_size=len(piece))
    return pa.json.read_json(pa.BufferReader(piece), reading, options)


def _parts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, about a block at a time."""
    for batch in batches:
        rows = max(1, batch.num_rows * BLOCK // max(1, 2 * batch.nbytes))  # text is about twice as long
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def _put(file: BinaryIO, texts: pa.StringArray) -> None:
    """All the texts, one after the other, without a Python object for each."""
    _, offsets, joined = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset:texts.offset + len(texts) + 1]
    if joined is not None:
        file.write(memoryview(joined)[ends[0]:ends[-1]])


def _values(column: pa.Array) -> pa.StringArray:
    """JSON of each row's value."""
    kind = column.type
    if pa.types.is_list(kind) and not column.null_count and \
            (pa.types.is_integer(kind.value_type) or kind.value_type in _FRACTIONS):
        ends = np.append(0, np.cumsum(column.value_lengths().to_numpy(zero_copy_only=False))).astype(np.int32)
        items = pa.ListArray.from_arrays(pa.array(ends), _numbers(column.flatten()))
        return pc.binary_join_element_wise("[", pc.binary_join(items, ","), "]", "")
    return pa.array([json.dumps(value, allow_nan=False, separators=(",", ":")) for value in column.to_pylist()],
                    pa.string())


def _numbers(values: pa.Array) -> pa.StringArray:
    """JSON of each number; null for NaN."""
    if not pa.types.is_floating(values.type):
        return values.cast(pa.string()).fill_null("null")
    numbers = values.to_numpy(zero_copy_only=False)
    told = pa.array(numbers, values.type, mask=np.isnan(numbers)).cast(pa.string()).fill_null("null")
    # Arrow writes 1.0 as 1, which readers would take for an integer, and infinity as no JSON at all.
    odd = numbers == np.trunc(numbers)
    different = pa.array(numbers[odd]).dictionary_encode()
    mended = pa.array([json.dumps(value, allow_nan=False) for value in different.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(told, odd, mended.take(different.indices)) if len(mended) else told


def _lacks(column: pa.ChunkedArray) -> bool:
    """Whether there is a null that no writer put there: the only one that means something is a score's."""
    whole = pa.types.is_list(column.type) and pa.types.is_integer(column.type.value_type)
    return bool(column.null_count or (whole and pc.list_flatten(column).null_count))


def _pieces(file: BinaryIO, block: int) -> Iterator[bytes]:
    """Whole lines, about `block` bytes at a time."""
    begun = [b""]
    while piece := file.read(block):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield b"".join([*begun, piece[:cut]])
            begun = [piece[cut:]]
        else:
            begun.append(piece)
    if any(begun):
        yield b"".join(begun)
