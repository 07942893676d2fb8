"""Numbers that a text means without writing them as numerals: `half`, `twenty-five`, a week's seven days.

A numeral of such a value may stand for the word, so neither is exchanged.
"""

import re
from collections.abc import Iterator
from fractions import Fraction

_UNITS = dict(zip(
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
     "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"), range(20)))
_TENS = dict(zip(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), range(20, 100, 10)))
_NUMBER = re.compile(
    rf"\b(?:(?P<ten>{'|'.join(_TENS)})(?:[- ](?P<one>{'|'.join([*_UNITS][1:10])}))?|(?P<unit>{'|'.join(_UNITS)}))\b"
    r"(?:[- ](?P<scale>hundred|thousand|million)\b)?", re.I)
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}

#: Beginnings of words or signs, and the values that a calculation may take from them.
IMPLIED: dict[str, str] = {
    "half|halve|halving": "2 0.5 1.5", "twice|double|both|couple|pair|each way|round[- ]trip|twins?": "2",
    "thrice|triple|triplet": "3", "third": "3", "quarter": "4 0.25 0.75 25 15", "fourth|quadruple": "4",
    "fifth": "5 0.2", "sixth": "6", "seventh": "7", "eighth": "8 0.125", "ninth": "9", "tenth": "10 0.1",
    "hundred": "100", "thousand": "1000", "million": "1000000", "dozen": "12 6", "average|mean\\b": "2 3 4 5",
    "weekend": "2", "weekday": "5", "week|daily|every ?day": "7", "month": "4 12 28 29 30 31",
    "year|annual": "12 52 365 366", "decade": "10", "century|centuries": "100", "day|daily": "7 24", "night": "7",
    "hour|minute|second|sec\\b|mins?\\b|hrs?\\b": "60 3600 24", "percent|%": "100 0.01",
    "cents?\\b|\\$|dollar|penny|pennies": "100 0.01", "nickel": "5 0.05", "dime": "10 0.1",
    "inch|foot|feet|yard": "12 3 36", "mile": "5280 1760", "pound|ounce": "16 2000", "ton": "2000 1000",
    "gallon|quart|pint|cup": "2 4 8 16", "kilo|km|kg|gram|lit|ml\\b|meter|metre|centi|milli": "10 100 1000",
    "square": "2 4", "rectang|perimeter": "2 4", "triang": "3 0.5 2", "degree|angle": "90 180 360",
    "spider|octopus": "8", "dog|cat|cow|horse|pig|sheep|table|chair|car\\b|cars\\b": "4",
    "bicycle|bike|people|person": "2", "tricycle": "3", "alphabet": "26",
}
_IMPLIED = [(re.compile(rf"(?:(?<=\W)|(?<=\d)|^)(?:{words})", re.I), frozenset(map(Fraction, values.split())))
            for words, values in IMPLIED.items()]


def meant(text: str) -> set[Fraction]:
    """All values that words of a text may stand for."""
    values = set(written_out(text))
    return values.union(*(implied for words, implied in _IMPLIED if words.search(text)))


def written_out(text: str) -> Iterator[Fraction]:
    """`twenty-five`, `two hundred`"""
    for found in _NUMBER.finditer(text):
        number = _TENS[found["ten"].lower()] if found["ten"] else _UNITS[found["unit"].lower()]
        number += _UNITS[found["one"].lower()] if found["one"] else 0
        yield Fraction(number)
        if found["scale"]:
            yield Fraction(number * _SCALES[found["scale"].lower()])
