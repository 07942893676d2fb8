"""Two renderings of one example, matched by the characters of the responses.

Texts differ by templates and special tokens. What both hold are the contents of the messages, so that characters are
matched inside a content; the end-of-turn token of a turn goes with that of the same turn.
"""

import numpy as np

from xtf.carry.spans import Carried, Relation, carry
from xtf.columns import Mark
from xtf.data.chat import Region
from xtf.data.render import Drawing
from xtf.data.types import Example, Tokens


def carry_drawing(example: Example, scored: Drawing, bits: np.ndarray, other: Drawing) -> tuple[Carried, int]:
    """The verdicts `bits` of the tokens of one rendering, for those of another one of the same example; and how many
    responses could not be matched, whose tokens then carry no verdict."""
    pieces, unmatched = matched(example, scored, other)
    size = len(other.tokens)
    found = Carried(np.zeros(size, np.uint8), np.full(size, Relation.UNSCORED, np.uint8), np.zeros(size, bool))
    theirs, spans = tokens_inside(scored.tokens, pieces[:, :2] - pieces[:, 2:], pieces[:, 2])
    ours, other_spans = tokens_inside(other.tokens, pieces[:, :2], np.zeros(len(pieces), np.int64))
    part = carry(spans, bits[theirs], other_spans)
    found.bits[ours], found.relation[ours], found.mixed[ours] = part.bits, part.relation, part.mixed
    ends = end_tokens(example, scored)
    for message, token in end_tokens(example, other).items():
        if message in ends:
            found.bits[token], found.relation[token] = bits[ends[message]], Relation.SAME
    return found, len(unmatched)


def matched(example: Example, scored: Drawing, other: Drawing) -> tuple[np.ndarray, list[int]]:
    """int64[P, 3]: pieces [start, end) of the other text that hold the same characters of a response as the scored
    text does `shift` characters earlier; in order. And the messages of the responses that do not match."""
    theirs = {region.message: region for region in responses(example, scored)}
    pieces, unmatched = [], []
    for ours in responses(example, other):
        region = theirs.get(ours.message)
        shift = None if region is None else text_shift(scored.text[region.start:region.end],
                                                       other.text[ours.start:ours.end])
        if region is None or shift is None:
            if ours.end > ours.start:
                unmatched.append(ours.message)
            continue
        shift += ours.start - region.start
        start, end = max(ours.start, region.start + shift), min(ours.end, region.end + shift)
        if end > start:
            pieces.append((start, end, shift))
    return np.array(pieces, np.int64).reshape(-1, 3), unmatched


def text_shift(text: str, other: str) -> int | None:
    """What to add to a position in `text` to be at the same character in `other`, None where they do not match.

    Templates trim blanks, and some cut a chain of thought off the front; then one text is the end of the other, or
    occurs in it once.
    """
    if text.strip() == other.strip():
        return _indent(other) - _indent(text)
    if text.endswith(other) or other.endswith(text):
        return len(other) - len(text)
    if text.count(other) == 1:
        return -text.index(other)
    return other.index(text) if other.count(text) == 1 else None


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def responses(example: Example, drawing: Drawing) -> list[Region]:
    """Where the responses stand."""
    return [region for region in drawing.regions if example.messages[region.message].role == "assistant"]


def tokens_inside(tokens: Tokens, pieces: np.ndarray, shifts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trainable tokens, but for end-of-turn ones, that lie in a piece: their indices, and their spans cut to the piece
    and shifted. `pieces` int64[P, 2], `shifts` int64[P]."""
    order = np.argsort(pieces[:, 0], kind="stable")
    pieces, shifts = pieces[order], shifts[order]
    chosen = np.flatnonzero(tokens.trainable & ((tokens.marks & Mark.EOS) == 0))
    spans = tokens.spans[chosen].astype(np.int64)
    piece = np.searchsorted(pieces[:, 1], spans[:, 0], side="right")  # the first that ends after the token's start
    known = piece < len(pieces)
    chosen, spans, piece = chosen[known], spans[known], piece[known]
    starts, ends = pieces[piece, 0], pieces[piece, 1]
    empty = spans[:, 0] == spans[:, 1]
    inside = np.where(empty, spans[:, 0] >= starts, spans[:, 1] > starts)
    cut = np.stack([np.maximum(spans[:, 0], starts), np.minimum(spans[:, 1], ends)], axis=1) + shifts[piece][:, None]
    return chosen[inside], cut[inside]


def end_tokens(example: Example, drawing: Drawing) -> dict[int, int]:
    """The end-of-turn token that is trained after each response, by message."""
    tokens, regions = drawing.tokens, responses(example, drawing)
    found: dict[int, int] = {}
    for token in np.flatnonzero(tokens.trainable & ((tokens.marks & Mark.EOS) != 0)).tolist():
        before = [region.message for region in regions if region.end < tokens.spans[token, 1]]
        if before:
            found.setdefault(before[-1], token)
    return found
