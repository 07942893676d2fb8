"""What examples are listed, ordered and filtered by: the columns of `stats.by_example`, in words."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from xtf.words import count

Ends = tuple[float, float]


@dataclass(frozen=True)
class Measure:
    """One number of an example."""

    label: str  # in lists of choices
    short: str  # over a column
    help: str
    share: bool = False  # shown in per cent
    whole: bool = False  # a count
    standing: bool = True  # always a column of the list, else only where it orders or filters it

    def shown(self, values: Any) -> Any:
        """The values in the unit that they are shown in."""
        return 100 * values if self.share else values

    def written(self, value: float) -> str:
        """A shown value with its unit."""
        return f"{value:g} %" if self.share else count(value) if self.whole else f"{value:.4g}"

    def column(self) -> Any:
        """The column of a list."""
        form = "%.1f %%" if self.share else "localized" if self.whole else "%.3f"
        return st.column_config.NumberColumn(self.short, help=self.help, format=form, width=62)


MEASURES = {
    "kept_share": Measure("Kept share", "Kept", "Share of the response tokens that the loss sees.", share=True),
    "mean_p": Measure("Mean p", "Mean p", "Mean probability that the base model gives the response tokens.",
                      share=True),
    "mean_reasoning": Measure("Mean reasoning", "Mean RI", "Mean reasoning importance of the response tokens.",
                              standing=False),
    "mean_relevance": Measure("Mean relevance", "Mean TR", "Mean task relevance of the response tokens.",
                              standing=False),
    "loss": Measure("Loss", "Loss", "Base model's mean negative log-probability of the response tokens, in nats."),
    "trainable": Measure("Response length", "Response", "Response tokens.", whole=True),
    "tokens": Measure("Length", "Tokens", "All tokens, prompt and template included.", whole=True),
    "dropped_reasoning": Measure("Dropped by reasoning", "RI", "Tokens dropped by reasoning importance.", whole=True),
    "dropped_novelty": Measure("Dropped by novelty", "KN", "Tokens dropped by knowledge novelty.", whole=True),
    "dropped_relevance": Measure("Dropped by relevance", "TR", "Tokens dropped by task relevance.", whole=True),
}


def scale(measure: Measure, values: np.ndarray) -> tuple[Ends, float]:
    """Ends of a slider over the numbers among `values`, as shown, and its step: a round number of which a hundred to
    a thousand lie between them. Equal ends where there is nothing to choose."""
    known = measure.shown(values[np.isfinite(values)])
    if not len(known):
        return (0.0, 0.0), 1.0
    low, high = float(known.min()), float(known.max())
    if measure.whole or low == high:
        return (low, high), 1.0
    digits = 3 - math.ceil(math.log10(high - low))
    step = 10.0 ** -digits
    outward = math.floor(low / step) * step, math.ceil(high / step) * step
    return (round(outward[0], max(digits, 0)), round(outward[1], max(digits, 0))), step


def told(measure: Measure, low: float | None, high: float | None) -> str:
    """A range in words; None is an open end."""
    if low is None or high is None:
        return f"{measure.label} {'≤' if low is None else '≥'} {measure.written((high if low is None else low) or 0.0)}"
    return f"{measure.label} {measure.written(low)} to {measure.written(high)}"
