"""Which characters of the messages are trained, and back: what the loss sees, told without the ids of any tokenizer.

A character that several tokens share is trained if at least half of them are. Where tokens share a character and not
the verdict (the bytes of one character, say), they are told one by one, too: the tokenizer that scored gets back
exactly what it had.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from xtf.carry.drawings import carry_drawing, end_tokens, matched, responses, tokens_inside
from xtf.carry.spans import depth
from xtf.columns import Mark
from xtf.data.chat import Region
from xtf.data.render import Drawing
from xtf.data.types import Example, Tokens

Mixed = tuple[int, int, bool]  # [start, end) of a token in its content, and whether it is kept


@dataclass(frozen=True)
class Told:
    """What the loss sees of one message. Positions are characters of its content."""

    trained: tuple[tuple[int, int], ...] = ()  # [start, end), in order, apart from each other
    mixed: tuple[Mixed, ...] = ()  # tokens that share a character with one of another verdict, in order
    eos: bool | None = None  # whether its end-of-turn token is trained; None where it has none that could be


def told(example: Example, drawing: Drawing, keep: np.ndarray) -> tuple[list[Told], int]:
    """What `keep` bool[T] says of each message; and how many responses the template rewrites so that their characters
    cannot be told apart: those are trained as a whole if at least half of their tokens are."""
    blank, _ = _contents(example, [Told()] * len(example.messages))
    pieces, unmatched = matched(example, drawing, blank)
    tokens, spans = tokens_inside(drawing.tokens, pieces[:, :2] - pieces[:, 2:], pieces[:, 2])
    whole = _whole(example, drawing, keep, unmatched)
    ends = {message: bool(keep[token]) for message, token in end_tokens(example, drawing).items()}
    found = []
    for region in blank.regions:
        here = (spans[:, 0] >= region.start) & (spans[:, 0] < region.end)
        own, kept = spans[here] - region.start, keep[tokens[here]]
        size = region.end - region.start
        if region.message in whole:
            own, kept = np.array([[0, size]]), np.array([whole[region.message]])
        found.append(Told(_trained(own, kept, size), _mixed(own, kept), ends.get(region.message)))
    return found, len(whole)


def seen(example: Example, told: Sequence[Told], drawing: Drawing) -> np.ndarray:
    """bool[T]: what the loss sees of a rendering of the same messages, whatever the tokenizer and the template.

    A token is kept if at least half of its characters are trained (`xtf.carry.spans.carry`).
    """
    contents, bits = _contents(example, told)
    found, _ = carry_drawing(example, contents, bits, drawing)
    keep = drawing.tokens.trainable & (found.bits == 0)
    starts, ends = drawing.tokens.spans[:, 0], (drawing.tokens.marks & Mark.EOS) != 0
    regions = {region.message: region for region in responses(example, drawing)}
    for message in matched(example, contents, drawing)[1]:
        region = regions[message]
        inside = (starts >= region.start) & (starts < region.end) & ~ends
        share = sum(end - start for start, end in told[message].trained)
        keep[inside] &= 2 * share >= len(example.messages[message].content)
    return keep


def _whole(example: Example, drawing: Drawing, keep: np.ndarray, unmatched: Sequence[int]) -> dict[int, bool]:
    """The verdict on each response that the rendering shows, but not so that it can be matched."""
    found = {}
    starts, tokens = drawing.tokens.spans[:, 0], drawing.tokens
    for region in responses(example, drawing):
        if region.message in unmatched and region.end > region.start:
            inside = (starts >= region.start) & (starts < region.end) & tokens.trainable
            inside &= (tokens.marks & Mark.EOS) == 0
            found[region.message] = bool(2 * np.count_nonzero(keep[inside]) >= np.count_nonzero(inside))
    return found


def _trained(spans: np.ndarray, keep: np.ndarray, length: int) -> tuple[tuple[int, int], ...]:
    on, kept = depth(spans, length), depth(spans[keep], length)
    return tuple((start, end) for start, end, trained in _runs((on > 0) & (2 * kept >= on)) if trained)


def _runs(values: np.ndarray) -> list[tuple[int, int, int]]:
    """(start, end, value) of each stretch of equal values."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return [(start, end, int(values[start])) for start, end in pairwise(edges) if end > start]


def _mixed(spans: np.ndarray, keep: np.ndarray) -> tuple[Mixed, ...]:
    """Tokens of the groups, each of which hangs together by shared characters, that are not all of one verdict; and
    kept ones that stand for no character, where no other tells it."""
    if not len(spans):
        return ()
    order = np.argsort(spans[:, 0], kind="stable")
    spans, keep = spans[order], keep[order]
    ends = np.maximum(spans[:, 1], spans[:, 0] + 1)  # an empty span goes with the character that follows
    group = np.append(0, np.cumsum(spans[1:, 0] >= np.maximum.accumulate(ends)[:-1]))
    size, kept = np.bincount(group), np.bincount(group, keep)
    filled = np.bincount(group, spans[:, 1] > spans[:, 0])
    mixed = (kept > 0) & ((kept < size) | (filled == 0))
    return tuple((int(start), int(end), bool(kept)) for (start, end), kept in
                 zip(spans[mixed[group]].tolist(), keep[mixed[group]].tolist()))


def _contents(example: Example, told: Sequence[Told]) -> tuple[Drawing, np.ndarray]:
    """The contents as a rendering of their own, one after the other and each with a place for its end, whose tokens
    say what is trained; and why a token is dropped, uint8[S]: 1, or 0 for a kept one."""
    spans, marks, bits, regions, text = [], [], [], [], ""
    for index, (message, known) in enumerate(zip(example.messages, told, strict=True)):
        start = len(text)
        regions.append(Region(index, start, start + len(message.content)))
        text += message.content + "\n"
        if message.role == "assistant":
            tokens = [*_tokens(len(message.content), known), (len(message.content), len(message.content) + 1,
                                                              known.eos is True)]
            spans += [(start + first, start + end) for first, end, _ in tokens]
            marks += [Mark.RESPONSE] * (len(tokens) - 1) + [Mark.RESPONSE | Mark.EOS]
            bits += [not kept for *_, kept in tokens]
    made = Tokens(np.zeros(len(spans), np.int32), np.array(marks, np.uint8),
                  np.array(spans, np.int32).reshape(-1, 2), text)
    return Drawing(made, text, regions), np.array(bits, np.uint8)


def _tokens(length: int, known: Told) -> list[Mixed]:
    """Stretches of one verdict that cover a content, and the tokens that are told one by one."""
    state = np.zeros(length, np.int8)
    for start, end in known.trained:
        state[start:end] = 1
    for start, end, _ in known.mixed:
        state[start:end] = -1
    return [(start, end, value == 1) for start, end, value in _runs(state) if value >= 0] + list(known.mixed)
