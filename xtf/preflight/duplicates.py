"""Examples with the same tokens: found by a hash of each, then compared token by token."""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np

from xtf import blocks
from xtf.store import ScoreTable

_MIX = [np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)]
_KNOWN: WeakKeyDictionary[ScoreTable, np.ndarray] = WeakKeyDictionary()


def first_alike(table: ScoreTable) -> np.ndarray:
    """int64[N]: the first example that has the same tokens as each one, itself where there is none before it."""
    if table not in _KNOWN:
        _KNOWN[table] = table.flat.array("first-alike", np.int64, lambda: [_first_alike(table.ids, table.offsets)])
    return _KNOWN[table]


def repeats(first: np.ndarray, among: np.ndarray) -> np.ndarray:
    """bool[N]: the examples of `among` (bool[N]) before which there is another of `among` with the same tokens."""
    again = np.zeros(len(first), bool)
    alike = np.flatnonzero(among & (np.bincount(first[among], minlength=len(first)) > 1)[first])
    _, heads = np.unique(first[alike], return_index=True)  # the earliest of each
    again[np.delete(alike, heads)] = True
    return again


def _first_alike(ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    first = np.arange(len(offsets) - 1)
    order, hashes = _by_hash(ids, offsets)
    same = np.flatnonzero(hashes[1:] == hashes[:-1]) + 1
    if not len(same):
        return first
    begins = np.ones(len(order), bool)
    begins[same] = False
    heads = order[begins][np.cumsum(begins) - 1]  # stable order: of equal hashes the earliest example
    for left, right in _pieces(order[same], heads[same], offsets):
        alike = _alike(ids, offsets, left, right)
        first[left[alike]] = right[alike]
    return first


def _by_hash(ids: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The examples in the order of their hashes, and these."""
    def hashed(begin: int, end: int) -> np.ndarray:
        return _hashes(ids[offsets[begin]:offsets[end]], offsets[begin:end + 1] - offsets[begin])

    hashes = np.concatenate([np.zeros(0, np.uint64), *blocks.each(hashed, offsets)])
    order = np.argsort(hashes, kind="stable")
    return order, hashes[order]


def _hashes(ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """uint64[N]: the sum over an example's tokens of id and position mixed (splitmix64), which any change changes."""
    lengths = np.diff(offsets)
    position = np.arange(len(ids), dtype=np.uint64) - np.repeat(offsets[:-1].astype(np.uint64), lengths)
    mixed = (position << np.uint64(32) | ids.view(np.uint32)) + _MIX[0]  # so that a leading 0 counts
    for shift, factor in ((30, _MIX[1]), (27, _MIX[2])):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= factor
    mixed ^= mixed >> np.uint64(31)
    found = np.zeros(len(lengths), np.uint64)
    filled = np.flatnonzero(lengths)
    if len(filled):
        found[filled] = np.add.reduceat(mixed, offsets[filled])
    return found


def _pieces(left: np.ndarray, right: np.ndarray, offsets: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of equally long examples, about as many at a time as fit into a block."""
    lengths = np.diff(offsets)
    equal = lengths[left] == lengths[right]
    left, right = left[equal], right[equal]
    piece = np.cumsum(lengths[left]) // blocks.TOKENS
    cuts = np.flatnonzero(np.diff(piece)) + 1
    yield from zip(np.split(left, cuts), np.split(right, cuts))


def _alike(ids: np.ndarray, offsets: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """bool: which pairs have the same tokens."""
    lengths = offsets[left + 1] - offsets[left]
    ends = np.cumsum(lengths)
    inside = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
    differ = (ids[np.repeat(offsets[left], lengths) + inside] != ids[np.repeat(offsets[right], lengths) + inside])
    return np.bincount(np.repeat(np.arange(len(left)), lengths), differ, len(left)) == 0
