"""The quantities that a text states: how often each value stands there, and which of them must not be exchanged."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from xtf.data.arithmetic import NUMERAL, decimals, value
from xtf.data.number_words import meant, written_out

#: What follows a numeral that is part of something else: an ordinal, a time, a date, a fraction, a name.
_PART_AFTER = re.compile(r"(?:(?:st|nd|rd|th|s|[kKmM]|am|pm)\b|\s?(?:[ap]\.?m\b|o'clock|million\b|billion\b|thousand\b|"
                         r"hundred\b|dozens?\b|-?(?:dollar )?(?:bills?|coins?)\b)|:[0-9]|[a-z]*[0-9_])")
_FRACTION = re.compile(r"(?<![\d.,/])([0-9]{1,3})/([0-9]{1,3})(?![\d/])")
_PART_BEFORE = re.compile(r"(?:[0-9]:|\b(?:January|February|March|April|May|June|July|August|September|October|"
                          r"November|December|in|since|year|Grade|grade|No\.|#)\s?)\Z")
_YEARS = range(1800, 2101)
#: Values that a unit always has: 7 days, 60 minutes. A numeral that stands before that unit stays.
_CONVENTIONAL = {7: "day", 12: "month|inch", 24: "hour", 52: "week", 60: "minute|second", 365: "day", 366: "day",
                 30: "day", 31: "day", 28: "day", 100: "cent|percent|%|cm", 1000: "gram|met|m[lgm]\\b|milli|lit",
                 16: "ounce", 5280: "f", 36: "inch", 3: "feet|foot", 4: "quarter|quart", 10: "dime", 5: "nickel"}
#: A number before these words can be so high at most, where the text has the second word too.
_MOST = [("day", "week", 7), ("hour", "day|daily|night", 23), ("minute", "hour", 60), ("month", "year", 12),
         ("week", "month", 4), ("percent|%", "", 99)]


@dataclass(frozen=True)
class Quantities:
    """What a text says of numbers. Values are exact."""

    counts: Mapping[Fraction, int]  # of each value's numerals
    pinned: frozenset[Fraction]  # values of numerals that are part of a date, a fraction or the like
    words: frozenset[Fraction]  # values of numbers that are written out
    implied: frozenset[Fraction]  # values that other words may stand for
    held: frozenset[Fraction]  # values that a question keeps: parts of 2/3, and counts of what it named (`these 3`)
    forms: Mapping[Fraction, tuple[Fraction, ...]]  # 0.2, 0.8, 1.2, 80, 120 → 20 per cent, 2/3 as a number → 2 and 3
    most: Mapping[Fraction, Fraction]  # the highest that a value may become


def quantities(text: str) -> Quantities:
    found = [(match, value(match[0])) for match in NUMERAL.finditer(text)]
    pinned = {number for match, number in found if _is_part(text, match, number)} | set(_stuck(text))
    most: dict[Fraction, Fraction] = {}
    for match, number in found:
        for limit in _limits(text, match, number):
            most[number] = min(limit, most.get(number, limit))
    held = {Fraction(part) for pair in _FRACTION.findall(text) for part in pair} | set(_counted(text))
    return Quantities(Counter(number for _, number in found), frozenset(pinned), frozenset(written_out(text)),
                      frozenset(meant(text)), frozenset(held), dict(_forms(text)), most)


def _is_part(text: str, match: re.Match[str], number: Fraction) -> bool:
    before, after = text[max(0, match.start() - 12):match.start()], text[match.end():match.end() + 20]
    year = number in _YEARS and len(match[0]) == 4 and not before.endswith("$")
    unit = _CONVENTIONAL.get(int(number), "") if number.denominator == 1 else ""
    return bool(decimals(number) is None or _PART_AFTER.match(after)
                or (_PART_BEFORE.search(before) and (year or not before.rstrip().endswith(("in", "since"))))
                or (unit and re.match(rf"[- ]?(?:{unit})", after)))


def _counted(text: str) -> Iterator[Fraction]:
    """Numbers that count what a text has named one by one, as the average of `these 3 scores` does."""
    for found in re.finditer(rf"\b(?:these|those|all(?: the)?|first|last|other)\s({NUMERAL.pattern})", text):
        yield value(found[1])
    if re.search(r"average|\bmean\b", text):
        yield from map(Fraction, (2, 3, 4, 5))


def _stuck(text: str) -> Iterator[Fraction]:
    """Values of digits that belong to a word, such as `A4`."""
    return (Fraction(digits[:15]) for digits in re.findall(r"[0-9]+", NUMERAL.sub(" ", text)))


def _limits(text: str, match: re.Match[str], number: Fraction) -> Iterator[Fraction]:
    for unit, context, limit in _MOST:
        if number <= limit and re.match(rf"[- ]?(?:{unit})", text[match.end():]) and re.search(context, text):
            yield Fraction(limit)


def _forms(text: str) -> Iterator[tuple[Fraction, tuple[Fraction, ...]]]:
    """Other values under which a calculation may use the per cents and fractions of a text."""
    for found in re.finditer(rf"({NUMERAL.pattern})\s?(?:%|percent|per cent)", text):
        share = value(found[1]) / 100
        for form in (share, 1 - share, 1 + share, 100 - 100 * share, 100 + 100 * share):
            yield form, (100 * share,)
    for above, below in _FRACTION.findall(text):
        if int(below):
            share, parts = Fraction(int(above), int(below)), (Fraction(above), Fraction(below))
            yield from ((form, parts) for form in (share, 1 - share, parts[1] - parts[0]))
