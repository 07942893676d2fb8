"""Example by example: the data rendered for both tokenizers, and the verdicts carried from one to the other.

Texts differ by templates and special tokens. What both hold are the contents of the messages, so that characters are
matched inside a content; the end-of-turn token of a turn goes with that of the same turn.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from xtf import filters
from xtf.carry.bridge import Bridge
from xtf.carry.spans import Carried, Relation, carry
from xtf.columns import Mark
from xtf.data import formats
from xtf.data.chat import Region
from xtf.data.render import Drawing
from xtf.data.types import Example, Tokens
from xtf.errors import StoreError
from xtf.filters import Verdicts
from xtf.store import ScoreTable


@dataclass(frozen=True)
class CarriedExample:
    """An example of the run as the other tokenizer has it. T tokens."""

    index: int  # in the run
    id: str
    tokens: Tokens
    bits: np.ndarray  # uint8[T], why a token is dropped
    relation: np.ndarray  # uint8[T], of `Relation`; counts for trainable tokens only
    mixed: np.ndarray  # bool[T]: made of kept and of dropped tokens
    unmatched: int  # responses whose text the two templates leave so different that it cannot be matched
    scored_trainable: int  # tokens of the run
    scored_kept: int

    @property
    def keep(self) -> np.ndarray:
        """bool[T]: the loss sees the token."""
        return self.tokens.trainable & (self.bits == 0)


def examples(bridge: Bridge, table: ScoreTable, verdicts: Verdicts, tally: Counter[str]) -> Iterator[CarriedExample]:
    """The run's examples in order, one at a time; those that cannot be used for the other model are left out and
    counted in `tally` (skipped_too_long, skipped_empty), and so are those that are cut (truncated).

    Raises: StoreError where the data no longer gives the tokens that were scored; DataError as rendering does.
    """
    draw_scored, draw_other = bridge.scored.drawer(Counter()), bridge.other.drawer(tally)
    drawn = ((example, drawing) for example in formats.examples(bridge.scored.data)
             if (drawing := draw_scored(example)) is not None)
    index = -1
    for index, (example, scored) in zip(range(len(table)), drawn):
        here = slice(int(table.offsets[index]), int(table.offsets[index + 1]))
        if example.id != table.example_ids[index] or not np.array_equal(scored.tokens.ids, table.ids[here]):
            raise _changed(bridge, f"Example {example.id} of")
        other = draw_other(example)
        if other is not None:
            yield _carried(index, example, scored, other, verdicts, here)
    if index + 1 < len(table):
        raise _changed(bridge, "The data of")


def _changed(bridge: Bridge, what: str) -> StoreError:
    return StoreError(f"{what} run {bridge.run} no longer gives the tokens that were scored, because a template, a "
                      "library or XTF has changed since: score again.")


def _carried(index: int, example: Example, scored: Drawing, other: Drawing, verdicts: Verdicts, here: slice
             ) -> CarriedExample:
    bits = verdicts.bits[here]
    found, unmatched = carry_drawing(example, scored, bits, other)
    spared = (other.tokens.marks & filters.protected_marks(verdicts.thresholds)) != 0
    spared &= (found.bits & filters.BY_HAND) == 0
    found = replace(found, bits=np.where(spared | ~other.tokens.trainable, np.uint8(0), found.bits))
    trainable = scored.tokens.trainable
    return CarriedExample(
        index, example.id, other.tokens, found.bits, found.relation, found.mixed, unmatched,
        int(np.count_nonzero(trainable)), int(np.count_nonzero(trainable & (bits == 0))))


def carry_drawing(example: Example, scored: Drawing, bits: np.ndarray, other: Drawing) -> tuple[Carried, int]:
    """The verdicts `bits` of the tokens of one rendering, for those of another one of the same example; and how many
    responses could not be matched, whose tokens then carry no verdict."""
    pieces, unmatched = _pieces(example, scored, other)
    size = len(other.tokens)
    found = Carried(np.zeros(size, np.uint8), np.full(size, Relation.UNSCORED, np.uint8), np.zeros(size, bool))
    theirs, spans = _inside(scored.tokens, pieces[:, :2] - pieces[:, 2:], pieces[:, 2])
    ours, other_spans = _inside(other.tokens, pieces[:, :2], np.zeros(len(pieces), np.int64))
    part = carry(spans, bits[theirs], other_spans)
    found.bits[ours], found.relation[ours], found.mixed[ours] = part.bits, part.relation, part.mixed
    ends = _ends(example, scored)
    for message, token in _ends(example, other).items():
        if message in ends:
            found.bits[token], found.relation[token] = bits[ends[message]], Relation.SAME
    return found, unmatched


def _pieces(example: Example, scored: Drawing, other: Drawing) -> tuple[np.ndarray, int]:
    """int64[P, 3]: pieces [start, end) of the other text that hold the same characters of a response as the scored
    text does `shift` characters earlier; in order. And the number of responses that do not match."""
    theirs = {region.message: region for region in _responses(example, scored)}
    pieces, unmatched = [], 0
    for ours in _responses(example, other):
        region = theirs.get(ours.message)
        shift = None if region is None else text_shift(scored.text[region.start:region.end],
                                                       other.text[ours.start:ours.end])
        if region is None or shift is None:
            unmatched += ours.end > ours.start
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


def _responses(example: Example, drawing: Drawing) -> list[Region]:
    return [region for region in drawing.regions if example.messages[region.message].role == "assistant"]


def _inside(tokens: Tokens, pieces: np.ndarray, shifts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def _ends(example: Example, drawing: Drawing) -> dict[int, int]:
    """The end-of-turn token that is trained after each response, by message."""
    tokens, responses = drawing.tokens, _responses(example, drawing)
    found: dict[int, int] = {}
    for token in np.flatnonzero(tokens.trainable & ((tokens.marks & Mark.EOS) != 0)).tolist():
        before = [region.message for region in responses if region.end < tokens.spans[token, 1]]
        if before:
            found.setdefault(before[-1], token)
    return found
