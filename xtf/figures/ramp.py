"""The colour ramp of an attribute in the payloads of `xtf.figures.tokens`: where its values lie, and how they are
written, as assets/token_view/scale.js has it."""

import base64
from typing import Any

import numpy as np


def _values(attribute: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(attribute["values"]), "<f4").astype(np.float64)


def _known(attribute: dict[str, Any]) -> np.ndarray:
    values = _values(attribute)
    return np.sort(values[np.isfinite(values)])


def ends(attribute: dict[str, Any]) -> tuple[float, float]:
    """The values at the ramp's two ends."""
    known = _known(attribute)
    if attribute["scale"] == "percentile":
        return (known[0], known[-1]) if len(known) else (np.nan, np.nan)
    return attribute["range"][0], attribute["range"][1]


def place(attribute: dict[str, Any], value: float) -> float:
    """Place of one value on the ramp."""
    return float(_placed(attribute, np.array([value]))[0])


def places(attribute: dict[str, Any]) -> np.ndarray:
    """float64[T]: place of each value on the ramp, 0 plain to 1 full colour; NaN where there is none."""
    return _placed(attribute, _values(attribute))


def _placed(attribute: dict[str, Any], values: np.ndarray) -> np.ndarray:
    if attribute["scale"] == "percentile":
        known = _known(attribute)
        below = np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")
        return np.where(np.isnan(values), np.nan, below / max(2 * len(known), 1))
    low, high = attribute["range"]
    even = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
    return np.where(np.isnan(values), np.nan, np.clip(even, 0, 1))


def number(value: float | None) -> str:
    """Four significant digits."""
    if value is None or not np.isfinite(value):
        return "none"
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.3e}"
    return np.format_float_positional(value, precision=4, fractional=False, trim="-")


def region(attribute: dict[str, Any]) -> str:
    """What is dropped: "< 0.41", "0.2 to 0.41", "> 0.95", "nothing"."""
    low, high = attribute["limits"]
    above = attribute["drops"] == "above"
    if low is None and high is None:
        return "nothing"
    if low is None:
        return f"{'≤' if above else '<'} {number(high)}"
    if high is None or (above and high >= 1):
        return f"{'>' if above else '≥'} {number(low)}"
    return f"{number(low)} to {number(high)}"
