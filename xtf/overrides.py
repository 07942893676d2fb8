"""Verdicts by hand: which tokens of a run they mean. The closer an override names its tokens, the more it counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from xtf import roles
from xtf.config import ByClass, BySpan, ByType, Override
from xtf.errors import StoreError
from xtf.store import ScoreTable


class Hand(IntEnum):
    """What was decided by hand about a token, uint8; the higher goes before the lower."""

    NONE = 0
    CLASS_KEPT = 1
    CLASS_DROPPED = 2
    TYPE_KEPT = 3
    TYPE_DROPPED = 4
    SPAN_KEPT = 5
    SPAN_DROPPED = 6


DROPS = np.isin(np.arange(len(Hand)), [Hand.CLASS_DROPPED, Hand.TYPE_DROPPED, Hand.SPAN_DROPPED])
KEEPS = np.isin(np.arange(len(Hand)), [Hand.CLASS_KEPT, Hand.TYPE_KEPT, Hand.SPAN_KEPT])
#: A decision on these goes even before the protections of end of turn and final answer.
FIRM = np.arange(len(Hand)) >= Hand.TYPE_KEPT


@dataclass(frozen=True, eq=False)
class Decided:
    """Overrides laid out over a run's tokens."""

    by_type: np.ndarray  # uint8[V'], Hand
    spans: list[tuple[int, int, int]]  # tokens first .. last - 1, Hand; later ones go before earlier ones
    notes: tuple[str, ...]  # sentences on overrides that mean nothing here

    def among(self, table: ScoreTable, first: int, last: int) -> np.ndarray:
        """uint8: Hand of each token from `first` to before `last`, positions in the flat arrays."""
        found = self.by_type[table.type_of[first:last]]
        for start, end, hand in self.spans:
            found[max(start - first, 0):max(end - first, 0)] = hand
        return found


def decided(table: ScoreTable, overrides: Sequence[Override]) -> Decided | None:
    """None where there are none."""
    if not overrides:
        return None
    by_type, spans = np.zeros(len(table.types("id")), np.uint8), []
    strangers = 0
    for override in sorted(overrides, key=lambda override: _PLACES[override.by]):
        if isinstance(override, BySpan):
            tokens = _tokens(table, override)
            spans += [tokens] if tokens else []
            strangers += tokens is None
        else:
            rows = _rows(table, override)
            by_type[rows] = _hand(override)
            strangers += isinstance(override, ByType) and not len(rows)
    return Decided(by_type, spans, tuple(_notes(strangers)))


_PLACES = {"class": 0, "type": 1, "span": 2}


def _hand(override: Override) -> int:
    return 1 + 2 * _PLACES[override.by] + (override.action == "drop")


def _rows(table: ScoreTable, override: ByClass | ByType) -> np.ndarray:
    """Rows of the table of types."""
    if isinstance(override, ByClass):
        return np.flatnonzero(roles.of_types(table) == roles.ROLES.index(override.role))
    rows = np.flatnonzero(table.types("id") == override.token)
    return rows[[override.text in ("", table.type_texts[row]) for row in rows]] if len(rows) else rows


def _tokens(table: ScoreTable, override: BySpan) -> tuple[int, int, int] | None:
    """The tokens that share a character with the span; None where the run has no such text."""
    try:
        example = table.example(table.find(override.example))
    except StoreError:
        return None
    if override.quote not in ("", example.text[override.start:override.end]) or example.id != override.example:
        return None
    starts, ends = example.spans.T
    inside = np.flatnonzero((starts < override.end) & (ends > override.start) & (starts < ends))
    if not len(inside):
        return None
    begin = int(table.offsets[example.index])
    return begin + int(inside[0]), begin + int(inside[-1]) + 1, _hand(override)


def _notes(strangers: int) -> Iterator[str]:
    if strangers:
        yield (f"{strangers} override{'s' if strangers > 1 else ''} by hand name{'' if strangers > 1 else 's'} "
               "text or tokens that this run does not hold, and change nothing.")


