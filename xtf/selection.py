"""What was selected in a figure, as a short text that a URL can hold. What it means in a run is `xtf.picks`'s business.

    reasons:novelty+relevance   tokens dropped by exactly these (reasoning, novelty, relevance, hand, strategy)
    reason:novelty              tokens dropped by it, whether or not by others too
    role:numbers                response tokens of a class (`xtf.roles`)
    type:1024                   response tokens of a vocabulary id
    score:novelty:0.5:0.95      response tokens by an attribute's value, as it is shown: novelty as p
    map:0.5:0.95:0.1:2          response tokens by p and by entropy (nats)
    position:0:10               response tokens by how many come before them in their response
    relative:0.9:               the same by share of the response
    kept:0:0.2                  examples by kept share
    under:5                     examples with fewer kept tokens than that

Ranges hold their lower end and not their upper one; an end left empty is open. The six kinds of response tokens may
end in a verdict, such as `role:numbers:dropped` (VERDICTS).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import NamedTuple

import numpy as np

from xtf import rules
from xtf.config import ATTRIBUTES
from xtf.errors import SettingsError
from xtf.filters import BIT, BY_HAND, BY_STRATEGY, VALUES
from xtf.roles import ROLES

HAND, STRATEGY = "hand", "strategy"
REASONS = {**BIT, HAND: BY_HAND, STRATEGY: BY_STRATEGY}
_bits: np.ndarray = np.arange(VALUES)
_ALONE: dict[str, np.ndarray] = {f"only-{name}": _bits == bit for name, bit in BIT.items()}
_ANY = {f"by-{name}": (_bits & bit) != 0 for name, bit in BIT.items()}
#: Which verdict bits each verdict means. kept, only-…, several, hand and strategy share all response tokens out between
#: them.
VERDICTS: dict[str, np.ndarray] = {
    "kept": _bits == 0, "dropped": _bits != 0, **_ALONE,
    "several": np.isin(_bits, [bits for bits in range(BY_HAND) if bits.bit_count() > 1]),
    HAND: (_bits & BY_HAND) != 0, STRATEGY: (_bits & (BY_HAND | BY_STRATEGY)) == BY_STRATEGY, **_ANY}
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?(e[+-]?\d{1,2})?")


class Range(NamedTuple):
    """low <= value < high."""

    low: float
    high: float

    def holds(self, values: np.ndarray) -> np.ndarray:
        """bool, False for NaN. float32 values are compared as the exact numbers that they are."""
        ends: np.ndarray = np.array(self)
        low, high = rules.rounded_up(ends) if values.dtype == np.float32 else ends
        return (values >= low) & (values < high)


@dataclass(frozen=True)
class Pick:
    """A selection that was read. `names`: reasons, a class or an attribute; `number`: of `type` and `under`."""

    kind: str
    names: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    number: int = 0
    verdict: str = ""

    @property
    def of_examples(self) -> bool:
        """Whether it means whole examples rather than tokens."""
        return self.kind in ("kept", "under")

    def __str__(self) -> str:
        """The text that it was read from."""
        names = ["+".join(self.names)] if self.names else []
        ends = [_number(end) for pair in self.ranges for end in pair]
        number = [str(self.number)] if self.kind in ("type", "under") else []
        return ":".join([self.kind, *names, *ends, *number, *([self.verdict] if self.verdict else [])])


def ranged(kind: str, *ends: float, name: str = "", verdict: str = "") -> str:
    """The text of a pick with ranges: `ends` are low, high (of a map p's, then entropy's); infinite ones are open."""
    pairs = tuple(Range(*pair) for pair in zip(ends[::2], ends[1::2], strict=True))
    return str(Pick(kind, (name,) if name else (), pairs, verdict=verdict))


def parse(text: str) -> Pick:
    """Reads a pick. Raises: SettingsError."""
    kind, *parts = text.split(":")
    try:
        return _READERS[kind](kind, parts)
    except (LookupError, ValueError) as error:
        shown = text if len(text) <= 80 else f"{text[:79]}…"
        raise SettingsError(f"The selection {shown!r} means nothing here: clear it, and select again on the page "
                            "Dataset.") from error


def merged(texts: Sequence[str]) -> str | None:
    """One pick for several marks of a figure that were selected together: the smallest ranges that hold them all, or
    the last one where there are no ranges to widen. Raises: SettingsError."""
    picks = [parse(text) for text in texts]
    if not picks:
        return None
    last = picks[-1]
    alike = [pick.ranges for pick in picks if replace(pick, ranges=()) == replace(last, ranges=())]
    wide = (Range(min(low for low, _ in ends), max(high for _, high in ends)) for ends in zip(*alike, strict=True))
    return str(Pick(last.kind, last.names, tuple(wide), last.number, last.verdict))


def _reasons(kind: str, parts: list[str]) -> Pick:
    names = parts[0].split("+")
    if len(parts) != 1 or names != [name for name in REASONS if name in names] or (kind == "reason" and len(names) > 1):
        raise ValueError(parts)
    return Pick(kind, tuple(names))


def _named(known: Sequence[str], ends: int, kind: str, parts: list[str]) -> Pick:
    """A name out of `known` (if any), then so many ends of ranges, then perhaps a verdict."""
    names, rest = (parts[:1], parts[1:]) if known else ([], parts)
    verdict = rest[ends:]
    if len(rest) < ends or len(verdict) > 1 or any(name not in VERDICTS for name in verdict) or \
            any(name not in known for name in names) or len(names) != bool(known):
        raise ValueError(parts)
    return Pick(kind, tuple(names), _ranges(rest[:ends]), verdict="".join(verdict))


def _numbered(kind: str, parts: list[str]) -> Pick:
    verdict = parts[1:] if kind == "type" else []
    if not re.fullmatch(r"\d{1,9}", parts[0], re.ASCII) or len(parts) != 1 + len(verdict) or len(verdict) > 1 or \
            any(name not in VERDICTS for name in verdict):
        raise ValueError(parts)
    return Pick(kind, number=int(parts[0]), verdict="".join(verdict))


def _kept(kind: str, parts: list[str]) -> Pick:
    if len(parts) != 2:
        raise ValueError(parts)
    return Pick(kind, ranges=_ranges(parts))


def _ranges(ends: list[str]) -> tuple[Range, ...]:
    found = tuple(Range(_end(low, -inf), _end(high, inf)) for low, high in zip(ends[::2], ends[1::2], strict=True))
    if any(low >= high for low, high in found):
        raise ValueError(ends)
    return found


def _end(text: str, if_open: float) -> float:
    if text and not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text) if text else if_open


def _number(end: float) -> str:
    return f"{end:.9g}" if np.isfinite(end) else ""


_READERS: dict[str, Callable[[str, list[str]], Pick]] = {
    "reasons": _reasons, "reason": _reasons, "type": _numbered, "under": _numbered, "kept": _kept,
    "role": partial(_named, ROLES, 0), "score": partial(_named, ATTRIBUTES, 2), "map": partial(_named, (), 4),
    "position": partial(_named, (), 2), "relative": partial(_named, (), 2)}


def covers(wide: str, narrow: str) -> bool:
    """Whether a mark of a figure belongs to a pick: the same, or its ranges lie within those of the pick. Raises:
    SettingsError."""
    if wide == narrow:
        return True
    outer, inner = parse(wide), parse(narrow)
    return bool(outer.ranges) and replace(outer, ranges=()) == replace(inner, ranges=()) and all(
        out.low <= ins.low and ins.high <= out.high for out, ins in zip(outer.ranges, inner.ranges, strict=True))
