"""Carrying verdicts over, span by span: cases worked by hand, and a naive loop over characters as the second route."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtf.carry.spans import Carried, Relation, carry

SAME, SPLIT, MERGED, CROSSING, UNSCORED = (int(kind) for kind in Relation)
Spans = list[tuple[int, int]]


def carried(scored: Spans, bits: list[int], other: Spans) -> Carried:
    return carry(np.array(scored, np.int64).reshape(-1, 2), np.array(bits, np.uint8),
                 np.array(other, np.int64).reshape(-1, 2))


@pytest.mark.parametrize(("scored", "bits", "other", "expected", "relations", "mixed"), [
    # one to one
    ([(0, 3), (3, 5)], [0, 2], [(0, 3), (3, 5)], [0, 2], [SAME, SAME], [0, 0]),
    # a dropped word falls apart, its parts are dropped for its reasons
    ([(0, 6)], [5], [(0, 2), (2, 6)], [5, 5], [SPLIT, SPLIT], [0, 0]),
    # three of five characters are dropped: so is the token that merges them, for the reasons of both
    ([(0, 2), (2, 4), (4, 5)], [0, 1, 4], [(0, 5)], [5], [MERGED], [1]),
    # two of four: a tie keeps
    ([(0, 2), (2, 4)], [0, 1], [(0, 4)], [0], [MERGED], [1]),
    # [1, 3) takes one character of each: a tie; [3, 6) lies in the dropped one
    ([(0, 2), (2, 6)], [0, 1], [(0, 1), (1, 3), (3, 6)], [0, 0, 1], [SPLIT, CROSSING, SPLIT], [0, 1, 0]),
    # the blank was not scored; the word decides, and they are one to one
    ([(1, 4)], [2], [(0, 4)], [2], [SAME], [0]),
    ([(1, 4)], [2], [(0, 1), (1, 4)], [0, 2], [UNSCORED, SAME], [0, 0]),
    # three bytes of one character: as many on both sides go by order, else the majority of them
    ([(0, 1)] * 3, [0, 1, 2], [(0, 1)] * 3, [0, 1, 2], [SAME] * 3, [0, 0, 0]),
    ([(0, 1)] * 3, [0, 1, 2], [(0, 1)] * 2, [3, 3], [CROSSING] * 2, [1, 1]),
    ([(0, 1)] * 3, [0, 0, 2], [(0, 1)], [0], [MERGED], [1]),
    # a blank that was put in goes with the word that follows, unless the other tokenizer puts it in, too
    ([(0, 4)], [4], [(0, 0), (0, 4)], [4, 4], [SAME, SAME], [0, 0]),
    ([(0, 0), (0, 4)], [0, 4], [(0, 0), (0, 4)], [0, 4], [SAME, SAME], [0, 0]),
    ([(0, 0), (0, 4)], [4, 0], [(0, 4)], [0], [SAME], [0]),
    # nothing was scored, nothing is asked for
    ([], [], [(0, 2), (2, 2)], [0, 0], [UNSCORED] * 2, [0, 0]),
    ([(0, 2)], [1], [], [], [], []),
])
def test_worked_by_hand(scored, bits, other, expected, relations, mixed):
    found = carried(scored, bits, other)
    assert (found.bits.tolist(), found.relation.tolist(), found.mixed.tolist()) == (expected, relations, mixed)
    assert (found.bits.dtype, found.relation.dtype) == (np.uint8, np.uint8)


def naive(scored: Spans, bits: list[int], other: Spans) -> tuple[list[int], list[int], list[bool]]:
    """The rule character by character, in fractions."""
    filled = [(set(range(*span)), bit) for span, bit in zip(scored, bits) if span[0] < span[1]]
    others = [set(range(*span)) for span in other if span[0] < span[1]]
    verdicts, relations, mixeds = [], [], []
    for position, (start, end) in enumerate(other):
        same = [index for index, span in enumerate(scored) if span == (start, end)]
        ours = [index for index, span in enumerate(other) if span == (start, end)]
        if same and len(same) == len(ours):
            verdicts.append(bits[same[ours.index(position)]])
            relations.append(SAME)
            mixeds.append(False)
            continue
        characters = set(range(start, max(end, start + 1)))
        touching = [(covered, bit) for covered, bit in filled if covered & characters]
        kept = dropped = Fraction()
        for character in characters:
            on = [bit for covered, bit in touching if character in covered]
            if on:
                kept += Fraction(sum(bit == 0 for bit in on), len(on))
                dropped += Fraction(sum(bit != 0 for bit in on), len(on))
        reasons = 0
        for _, bit in touching:
            reasons |= bit
        verdicts.append(reasons if dropped > kept else 0)
        spread = [sum(bool(covered & part) for part in others) > 1 for covered, _ in touching]
        if not touching:
            relations.append(UNSCORED)
        elif len(touching) == 1:
            relations.append(SPLIT if spread[0] else SAME)
        else:
            relations.append(CROSSING if any(spread) else MERGED)
        mixeds.append(len({bit == 0 for _, bit in touching}) == 2)
    return verdicts, relations, mixeds


#: Overlapping, empty and unordered spans, as no sane tokenizer gives them.
WILD = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 4)).map(lambda at: (at[0], at[0] + at[1])), max_size=12)


@st.composite
def tiling(draw, length: int = 12) -> Spans:
    """What most tokenizers give: spans that follow each other without a gap."""
    cuts = sorted({0, length, *draw(st.lists(st.integers(1, length - 1), max_size=length))})
    return list(pairwise(cuts))


@st.composite
def verdicts_for(draw, spans: Spans) -> list[int]:
    return draw(st.lists(st.integers(0, 7), min_size=len(spans), max_size=len(spans)))


@given(st.data(), st.one_of(WILD, tiling()), st.one_of(WILD, tiling()))
def test_a_naive_loop_over_characters_gives_the_same(data, scored, other):
    bits = data.draw(verdicts_for(scored))
    found = carried(scored, bits, other)
    assert (found.bits.tolist(), found.relation.tolist(), found.mixed.tolist()) == naive(scored, bits, other)


@given(st.data(), WILD)
def test_to_the_same_spans_nothing_changes(data, spans):
    bits = data.draw(verdicts_for(spans))
    found = carried(spans, bits, spans)
    assert found.bits.tolist() == bits and (found.relation == SAME).all() and not found.mixed.any()


@given(st.data(), tiling())
def test_through_single_characters_and_back_nothing_changes(data, spans):
    bits = data.draw(verdicts_for(spans))
    characters = [(at, at + 1) for at in range(12)]
    there = carried(spans, bits, characters)
    assert there.bits.tolist() == [bit for (start, end), bit in zip(spans, bits) for _ in range(start, end)]
    assert carried(characters, there.bits.tolist(), spans).bits.tolist() == bits


@given(st.data(), tiling(), tiling())
def test_there_and_back_keeps_what_was_unanimous(data, ours, theirs):
    """A token comes back with its verdict wherever every other token that it shares characters with took that over."""
    bits = data.draw(verdicts_for(ours))
    there = carried(ours, bits, theirs)
    back = carried(theirs, there.bits.tolist(), ours).bits
    for (start, end), before, after in zip(ours, bits, back.tolist()):
        on_it = [bit for span, bit in zip(theirs, there.bits.tolist()) if span[0] < end and span[1] > start]
        if all((bit == 0) == (before == 0) for bit in on_it):
            assert (after == 0) == (before == 0)


@given(st.data(), st.one_of(WILD, tiling()), st.one_of(WILD, tiling()))
def test_dropping_more_never_rescues_a_token(data, scored, other):
    bits = data.draw(verdicts_for(scored))
    more = [bit | extra for bit, extra in zip(bits, data.draw(verdicts_for(scored)))]
    before, after = carried(scored, bits, other).bits, carried(scored, more, other).bits
    assert (after[before != 0] != 0).all()
