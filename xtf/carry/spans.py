"""Verdicts from the tokens that were scored to those of another tokenizer, by the characters both stand for.

Pure NumPy over one text. S scored tokens, T other tokens; spans are [start, end) in characters of the same text. They
may overlap (the bytes of one character), leave gaps, or be empty (a blank that a tokenizer puts in).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

_ROUNDING = 1e-9  # characters: sums of thousands of shares such as 1/3 are off by less


class Relation(IntEnum):
    """How a token of the other tokenizer lies to those that were scored."""

    SAME = 0  # one to one
    SPLIT = 1  # a part of one scored token
    MERGED = 2  # several whole scored tokens
    CROSSING = 3  # several scored tokens, not all of them whole
    UNSCORED = 4  # no scored token shares a character with it


@dataclass(frozen=True)
class Carried:
    """What becomes of T tokens. A token without any bit is kept."""

    bits: np.ndarray  # uint8[T], why it is dropped: bits of all scored tokens that it shares characters with
    relation: np.ndarray  # uint8[T], of `Relation`
    mixed: np.ndarray  # bool[T]: it shares characters with kept and with dropped tokens


def carry(scored: np.ndarray, bits: np.ndarray, other: np.ndarray) -> Carried:
    """The verdicts `bits` uint8[S] of the spans `scored` int[S, 2], for the spans `other` int[T, 2].

    A token with a twin (same span; the k-th of as many with that span) takes its verdict. Any other is dropped if more
    than half of its scored characters are: a character counts as dropped in the share of the scored tokens on it that
    are. So ties keep, and so does a token that no scored one shares a character with: a drop has a reason.
    """
    twin = _twins(scored, other)
    wide = _widened(other)
    filled = scored[:, 1] > scored[:, 0]  # an empty span covers nothing: it only has twins
    spans, verdicts = scored[filled], bits[filled]
    kept, covered = _votes(spans, verdicts == 0, wide)
    voted = np.where(2 * kept < covered - _ROUNDING, _reasons(spans, verdicts, wide), 0).astype(np.uint8)
    same = twin >= 0
    relation = np.where(same, np.uint8(Relation.SAME), _relations(spans, other, wide))
    mixed = (_touching(spans[verdicts == 0], wide) > 0) & (_touching(spans[verdicts != 0], wide) > 0) & ~same
    return Carried(np.where(same, bits[twin], voted) if len(bits) else voted, relation, mixed)


def _twins(scored: np.ndarray, other: np.ndarray) -> np.ndarray:
    """int64[T]: the scored token with the same span, -1 where there is none. Of several with one span (the bytes of a
    character) the k-th belongs to the k-th, if there are as many on both sides."""
    width = 1 + max(int(spans.max(initial=0)) for spans in (scored, other))
    theirs, ours = (spans[:, 0].astype(np.int64) * width + spans[:, 1] for spans in (scored, other))
    their_order, our_order = np.argsort(theirs, kind="stable"), np.argsort(ours, kind="stable")
    place = np.empty(len(ours), np.int64)
    place[our_order] = np.arange(len(ours))
    first, count = _group(theirs[their_order], ours)
    our_first, our_count = _group(ours[our_order], ours)
    twin = np.full(len(ours), -1, np.int64)
    paired = (count > 0) & (count == our_count)
    twin[paired] = their_order[(first + place - our_first)[paired]]
    return twin


def _group(ascending: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each key begins in a sorted array, and how often it is there."""
    first = np.searchsorted(ascending, keys)
    return first, np.searchsorted(ascending, keys, side="right") - first


def _widened(spans: np.ndarray) -> np.ndarray:
    """Empty spans take in the character that follows: a blank put in before a word goes with the word."""
    return np.stack([spans[:, 0], np.maximum(spans[:, 1], spans[:, 0] + 1)], axis=1)


def _votes(spans: np.ndarray, keep: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64[T] each: kept characters, and characters that any scored token covers, of each other span."""
    length = 1 + max(int(part.max(initial=0)) for part in (spans, other))
    on, kept_on = depth(spans, length), depth(spans[keep], length)
    share = np.divide(kept_on, on, out=np.zeros(length), where=on > 0)
    return _sums(share, other), _sums(on > 0, other)


def _reasons(spans: np.ndarray, bits: np.ndarray, other: np.ndarray) -> np.ndarray:
    """uint8[T]: the bits of all scored tokens that share a character with each other span."""
    found = np.zeros(len(other), np.uint8)
    for bit in np.unique(np.uint8(1) << np.arange(8, dtype=np.uint8)):
        if np.any(having := (bits & bit) != 0):
            found[_touching(spans[having], other) > 0] |= bit
    return found


def _relations(spans: np.ndarray, other: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """uint8[T]: `Relation` of each other span, twins left out of account."""
    several = _touching(other[other[:, 1] > other[:, 0]], spans) > 1  # scored tokens spread over several others
    count, cut = _touching(spans, wide), _touching(spans[several], wide)
    return np.select([count == 0, count == 1, cut == 0],
                     [Relation.UNSCORED, np.where(cut > 0, Relation.SPLIT, Relation.SAME), Relation.MERGED],
                     Relation.CROSSING).astype(np.uint8)


def depth(spans: np.ndarray, length: int) -> np.ndarray:
    """int64[length]: how many spans lie on each character."""
    starts, ends = (np.bincount(spans[:, side], minlength=length + 1) for side in (0, 1))
    return np.cumsum(starts - ends)[:length]


def _sums(values: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """float64: the sum of `values` over each span."""
    total = np.concatenate([np.zeros(1), np.cumsum(values, dtype=np.float64)])
    return total[spans[:, 1]] - total[spans[:, 0]]


def _touching(spans: np.ndarray, others: np.ndarray) -> np.ndarray:
    """int64: how many of `spans`, none of them empty, share a character with each of `others`: all but those that end
    before it or start after it."""
    starts, ends = np.sort(spans[:, 0]), np.sort(spans[:, 1])
    return np.searchsorted(starts, others[:, 1]) - np.searchsorted(ends, others[:, 0], side="right")
