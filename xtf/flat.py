"""Arrays too long to hold: made once by streaming, kept beside the run as .npy files, and memory-mapped from then on.

Everything here is derived and may be deleted at any time. A folder belongs to one state of what its arrays were made
from, so that none outlives its source; where nothing can be written, arrays stay in memory.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute

from xtf import workspace
from xtf.errors import StoreError

Blocks = Callable[[], Iterable[np.ndarray]]  # the array's consecutive pieces, made anew by each call


class Flat:
    """A folder of arrays, or with None the same in memory."""

    def __init__(self, folder: Path | None = None):
        self._folder = folder

    def array(self, name: str, kind: type | str, blocks: Blocks) -> np.ndarray:
        """The array of that name, made of `blocks` unless it is there already. Treat it as read-only."""
        if self._folder is None:
            return _together(blocks, np.dtype(kind))
        path = self._folder / f"{name}.npy"
        if (found := _mapped(path, np.dtype(kind))) is None:
            found = self._made(path, np.dtype(kind), blocks)
        return found

    def strings(self, name: str, blocks: Callable[[], Iterable[pa.Array]]) -> pa.LargeStringArray:
        """The same for texts: their bytes one after the other, and where each ends."""
        lengths: list[np.ndarray] = []

        def pieces() -> Iterable[np.ndarray]:
            lengths.clear()  # begun anew in memory when writing fails
            for texts in blocks():
                lengths.append(_lengths(texts))
                yield _bytes(texts)

        joined = self.array(f"{name}-bytes", np.uint8, pieces)
        ends = self.array(f"{name}-ends", np.int64, lambda: running(lengths or map(_lengths, blocks())))
        return pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(joined))

    def _made(self, path: Path, kind: np.dtype, blocks: Blocks) -> np.ndarray:
        try:
            _claim(path.parent)
            workspace.write_atomically(path, lambda temporary: _write(temporary, kind, blocks()))
        except (OSError, StoreError):  # nowhere to write, or no room
            return _together(blocks, kind)
        found = _mapped(path, kind)
        return _together(blocks, kind) if found is None else found


def _claim(folder: Path) -> None:
    """Makes the folder; those of earlier states of its source go. Who has mapped files of theirs can go on reading."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        for other in folder.parent.iterdir():
            if other != folder:
                workspace.remove_folder(other)


def _mapped(path: Path, kind: np.dtype) -> np.ndarray | None:
    """None if there is no such file, or it is cut off."""
    try:
        found = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return found.view(np.ndarray) if found.dtype == kind else None


def _write(path: Path, kind: np.dtype, blocks: Iterable[np.ndarray]) -> None:
    # Written, not mapped: a full disk is then an error, where a mapping would end the process.
    total = 0
    with path.open("wb") as file:
        _header(file, kind, 0)
        for block in blocks:
            file.write(np.ascontiguousarray(block, kind).data)
            total += len(block)
        file.seek(0)
        _header(file, kind, total)  # numpy leaves room in it for a longer shape


def _header(file: IO[bytes], kind: np.dtype, length: int) -> None:
    description = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (length,)}
    np.lib.format.write_array_header_1_0(file, description)


def _together(blocks: Blocks, kind: np.dtype) -> np.ndarray:
    return np.concatenate([np.zeros(0, kind), *(np.asarray(block, kind) for block in blocks())])


def running(counts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """0, and the running sum of the counts: offsets, piece by piece."""
    total = 0
    yield np.zeros(1, np.int64)
    for some in counts:
        sums = total + np.cumsum(some, dtype=np.int64)
        total = int(sums[-1]) if len(sums) else total
        yield sums


def _lengths(texts: pa.Array) -> np.ndarray:
    return pa.compute.binary_length(texts).to_numpy(zero_copy_only=False)


def _bytes(texts: pa.Array) -> np.ndarray:
    large = texts.cast(pa.large_string())
    _, offsets, joined = large.buffers()
    if joined is None:
        return np.zeros(0, np.uint8)
    ends = np.frombuffer(offsets, np.int64)[large.offset:large.offset + len(large) + 1]
    return np.frombuffer(joined, np.uint8)[ends[0]:ends[-1]]


def stamp(parts: Iterable[str]) -> str:
    """A folder's name from what its arrays are made of."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
