"""Many strategies, many tests: p values adjusted within families, so that one lucky draw is not taken for a gain."""

from collections.abc import Mapping
from dataclasses import replace

from xtf.evaluation.statistics import Difference, holm

_TEST, _MIRROR = ("random", "normal"), ("normal", "random")  # one test, told from both sides
Differences = dict[str, dict[str, Difference]]  # strategy → reference → how much higher it is


def corrected(found: Mapping[str, Mapping[str, Difference]], outside: str) -> Differences:
    """The differences of one metric, all of them one family, with p adjusted by Holm. `outside` is the row that is put
    to no test, the base model: what it differs by stands alone."""
    family = [(row, reference) for row, against in found.items() for reference in against
              if row != outside and (row, reference) != _MIRROR]
    adjusted = dict(zip(family, holm([found[row][reference].p for row, reference in family]), strict=True))
    if _TEST in adjusted:
        adjusted[_MIRROR] = adjusted[_TEST]
    return {row: {reference: replace(one, adjusted=adjusted.get((row, reference)))
                  for reference, one in against.items()} for row, against in found.items()}
