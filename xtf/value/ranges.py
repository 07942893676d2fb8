"""From inputs that are ranges to a return that is one: seeded draws, one input moved at a time, and break-even points.

Each input is drawn by itself from a triangular distribution over lowest, likely and highest, 10,000 times; a range
holds the middle 90 % of what comes of it. Drawn by the input's name, so that another value of one input leaves the
draws of all others as they are.
"""

import math
import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from xtf.value import model
from xtf.value.settings import ENDS, SPREADS, Spread, ValueSettings

DRAWS = 10_000
INSIDE = 0.90  # of the draws lies in a range
_SEED = 0


class Range(NamedTuple):
    """The middle 90 % of the draws and the one in the middle, in the chosen currency a month."""

    low: float
    middle: float
    high: float


class Swing(NamedTuple):
    """The return with one input at its lowest and at its highest value, all others at their likely ones."""

    name: str
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class Outcome:
    """What the inputs come to, a month. `likely`: with every input at its likely value; `pays`: share of the draws in
    which more comes in than goes out; `swings`: of the inputs that move the return, the widest first; `break_even`:
    input → the value at which the return is 0, all others likely, where there is one that can be."""

    net: Range
    likely: float
    pays: float
    pieces: dict[str, Range]
    swings: list[Swing]
    break_even: dict[str, float]


def outcome(settings: ValueSettings) -> Outcome:
    drawn = draws(settings)
    total = np.broadcast_to(model.net(drawn), (DRAWS,))
    return Outcome(
        net=_range(total), likely=float(model.net(at_likely(settings))), pays=float(np.mean(total > 0)),
        pieces={name: _range(values) for name, values in model.pieces(drawn).items()}, swings=swings(settings),
        break_even={name: value for name in SPREADS if not math.isnan(value := break_even(settings, name))})


def at_likely(settings: ValueSettings, **others: float) -> dict[str, Any]:
    """Every input at its likely value, but for those given."""
    found = {name: value.likely if isinstance(value, Spread) else value for name, value in settings}
    return found | others


def draws(settings: ValueSettings) -> dict[str, Any]:
    """Every input that is a range as float64[DRAWS]; the others as they are."""
    return {name: _drawn(name, value) if isinstance(value, Spread) else value for name, value in settings}


def _drawn(name: str, spread: Spread) -> np.ndarray:
    """float64[DRAWS], triangular: the inverse of its distribution at uniform numbers of the input's own."""
    low, likely, high = (getattr(spread, end) for end in ENDS)
    if spread.known:
        return np.full(DRAWS, low)
    uniform = np.random.default_rng([_SEED, zlib.crc32(name.encode())]).random(DRAWS)
    width = high - low
    rising = low + np.sqrt(uniform * width * (likely - low))
    falling = high - np.sqrt((1 - uniform) * width * (high - likely))
    return np.where(uniform * width < likely - low, rising, falling)


def _range(values: Any) -> Range:
    tail = 50 * (1 - INSIDE)
    low, middle, high = np.percentile(np.broadcast_to(values, (DRAWS,)), [tail, 50, 100 - tail])
    return Range(float(low), float(middle), float(high))


def swings(settings: ValueSettings) -> list[Swing]:
    """Each input moved by itself, the widest swing first; those that move nothing are left out."""
    found = [Swing(name, *(float(model.net(at_likely(settings, **{name: value})))
                           for value in (getattr(settings, name).low, getattr(settings, name).high)))
             for name in SPREADS]
    return sorted((swing for swing in found if swing.width > 0), key=lambda swing: -swing.width)


#: Inputs of which somebody may ask: how much would it take? The return is linear in each.
_ASKED = {"time_ratio": (0.0, math.inf), "cleaning_saved": (0.0, 1.0), "accuracy": (-100.0, 100.0),
          "point_value": (0.0, math.inf)}


def break_even(settings: ValueSettings, name: str) -> float:
    """The value of an input at which the return is 0, all others at their likely ones; NaN where there is none that
    could be, or where nobody would ask."""
    if name not in _ASKED:
        return math.nan
    at_zero, at_one = (float(model.net(at_likely(settings, **{name: value}))) for value in (0.0, 1.0))
    slope = at_one - at_zero
    if abs(slope) <= 1e-9 * max(abs(at_zero), 1e-9):
        return math.nan
    least, most = _ASKED[name]
    found = -at_zero / slope
    return found if least <= found <= most else math.nan
