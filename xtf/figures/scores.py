"""How scores are distributed, and where thresholds cut them. Pure Plotly figures."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xtf import blocks
from xtf.figures.drawing import PATTERN, bin_words, choosable, finished
from xtf.figures.palette import ATTRIBUTES as COLOURS
from xtf.figures.palette import NEUTRAL
from xtf.selection import ranged

BINS = 60  # of 0 to 1: 0.95 and every other twentieth lie on an edge
_ENOUGH = 100_000  # values for a median


def score_histogram(values: np.ndarray, limits: np.ndarray, title: str, unit: str, *, name: str,
                    fails: np.ndarray | None = None, log: bool = False, bins: int = BINS) -> go.Figure:
    """Response tokens by score, with the thresholds as lines and what fails hatched.

    values float32[M] (NaN is left out); limits float64[1 or N, 2] and fails bool[M] as in `filters.Attribute`; name is
    one of ATTRIBUTES. Thresholds that differ between examples are drawn as the band that holds nine in ten of them.
    """
    axis = _axis(values)
    counts, failing = _counted(values, fails, axis, bins)
    edges = np.linspace(*axis.span, bins + 1)
    figure = go.Figure(layout={"barmode": "overlay", "bargap": 0})  # stacked bars would lie on a log axis
    ends = [-np.inf, *axis.value(edges)[1:-1].tolist(), np.inf]
    picks = [ranged("score", low, high, name=name) for low, high in pairwise(ends)]
    for part, label, pattern in ((counts, "response tokens", None), (failing, "of these, fail", PATTERN)):
        figure.add_bar(x=(edges[:-1] + edges[1:]) / 2, y=part, width=0.94 * np.diff(edges), name=label,
                       marker={"color": COLOURS[name], "pattern": pattern, "line": {"width": 0}},
                       showlegend=bool(failing.any()), **choosable(picks, bin_words(axis.value(edges))),
                       hovertemplate=f"%{{customdata[0]}}<br>%{{y:,}} {label}<extra></extra>")
    shown = _thresholds(figure, limits, axis)
    figure.update_xaxes(title=f"{title} ({unit})" if unit else title, range=axis.span, **_ticks(axis))
    most = max(int(counts.max(initial=0)), 1)
    figure.update_yaxes(title="Response tokens", **({"type": "log", "dtick": 1, "range": [-0.1, np.log10(most) + 0.1]}
                                                    if log else {"rangemode": "tozero"}))
    words = f"Histogram of {title} over {int(counts.sum()):,} response tokens"
    return finished(figure, title, f"{words}; {int(failing.sum()):,} fail{shown}.")


def sweep_line(sweep: pd.DataFrame, title: str, *, name: str, now: float | None = None) -> go.Figure:
    """Kept share of all response tokens against one attribute's threshold, the setting `now` marked. `sweep` is
    `grid.sweep`'s; `title` says what the threshold is."""
    shares = 100 * sweep["kept_share"]
    figure = go.Figure()
    figure.add_scatter(x=sweep["value"], y=shares, mode="lines", line={"color": COLOURS[name], "width": 2.5},
                       customdata=sweep["dropped"], showlegend=False,
                       hovertemplate="%{x:.4g}<br>%{y:.2f} % kept<br>%{customdata:,} dropped by it<extra></extra>")
    told = ""
    if now is not None and len(sweep):
        kept = float(np.interp(now, sweep["value"], shares))
        figure.add_scatter(x=[now], y=[kept], mode="markers+text", text=[f"now: {kept:.1f} %"], showlegend=False,
                           marker={"color": COLOURS[name], "size": 11, "symbol": "diamond"}, cliponaxis=False,
                           textposition="top left",
                           hovertemplate=f"now {now:.4g}<br>{kept:.2f} % kept<extra></extra>")
        told = f"; now {now:.4g}, {kept:.1f} % kept"
    figure.update_xaxes(title=title)
    figure.update_yaxes(title="Kept response tokens (%)")
    return finished(figure, f"Kept share against {title}", f"Kept share against {title}{told}.")


class _Axis(NamedTuple):
    """Where values lie on the x axis. A heavy tail is laid out by its logarithm, in coordinates of our own: Plotly's
    log axes place shapes and annotations by different rules."""

    span: tuple[float, float]  # in coordinates
    log: bool = False

    def place(self, values: np.ndarray) -> np.ndarray:
        return np.log10(values) if self.log else values

    def value(self, places: np.ndarray) -> np.ndarray:
        return 10**places if self.log else places


def _axis(values: np.ndarray) -> _Axis:
    """0 to 1 for scores that have that range, else the range of the values."""
    lows, highs = zip((np.inf, -np.inf), *_each(lambda here: _ends(values[here]), len(values)))
    low, high = min(lows), max(highs)
    if low > high or (low >= 0 and 0.5 <= high <= 1):
        return _Axis((0.0, 1.0))
    if low > 0 and high / float(np.nanmedian(values[::1 + len(values) // _ENOUGH])) > 5:
        return _Axis((float(np.log10(low)), float(np.log10(high))), log=True)
    return _Axis((low, high if high > low else low + 1.0))


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(np.fmin.reduce(values, initial=np.inf)), float(np.fmax.reduce(values, initial=-np.inf))


def _each(function: Callable[[slice], Any], size: int) -> Iterator[Any]:
    """`blocks.each` for values that may be cut anywhere."""
    cuts = np.append(np.arange(0, size, blocks.TOKENS), size)
    return blocks.each(lambda first, last: function(slice(cuts[first], cuts[last])), cuts)


def _counted(values: np.ndarray, fails: np.ndarray | None, axis: _Axis, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """int64[bins] twice: the numbers among the values in even bins over the axis, and those of them that fail."""
    low, high = axis.span

    def counted(here: slice) -> np.ndarray:
        known = np.flatnonzero(np.isfinite(values[here]))
        some = axis.place(values[here][known].astype(np.float64))
        place = np.clip((some - low) * (bins / (high - low)), 0, bins - 1).astype(np.int64)
        if fails is not None:
            place += bins * fails[here][known]
        return np.bincount(place, minlength=2 * bins)

    passing, failing = sum(_each(counted, len(values)), np.zeros(2 * bins, np.int64)).reshape(2, bins)
    return passing + failing, failing


def _ticks(axis: _Axis) -> dict[str, Any]:
    if not axis.log:
        return {}
    low, high = np.floor(axis.span[0]), np.ceil(axis.span[1])
    steps = (1,) if high - low > 3 else (1, 2, 5)
    values = [step * 10.0**power for power in np.arange(low, high + 1) for step in steps]
    return {"tickvals": np.log10(values).tolist(), "ticktext": [f"{value:g}" for value in values]}


def _thresholds(figure: go.Figure, limits: np.ndarray, axis: _Axis) -> str:
    """Draws the thresholds, and shades what lies between them; what was drawn, in words."""
    bounded = np.isfinite(limits)
    places = np.clip(limits, *axis.value(np.array(axis.span)))
    if len(limits) == 1 and bounded.any():
        _shade(figure, *np.where(bounded[0], axis.place(places[0]), axis.span))
    return "".join(_threshold(figure, column[known], axis) for column, known in zip(limits.T, bounded.T, strict=True))


def _threshold(figure: go.Figure, edge: np.ndarray, axis: _Axis) -> str:
    low, high = axis.value(np.array(axis.span))
    if len(edge) == 0 or not low <= float(np.median(edge)) <= high:
        return ""
    least, middle, most = np.quantile(edge, [0.05, 0.5, 0.95])
    label = f"{middle:.4g}" if least == most else f"median {middle:.4g}"
    figure.add_vline(x=float(axis.place(middle)),
                     line={"color": NEUTRAL, "width": 2, "dash": "solid" if least == most else "dash"},
                     annotation={"text": label, "yref": "paper", "y": 1, "yanchor": "bottom", "xanchor": "center"})
    if least < most:
        _shade(figure, *axis.place(np.clip([least, most], low, high)))
    return f"; threshold {label}"


def _shade(figure: go.Figure, low: float, high: float) -> None:
    figure.add_vrect(x0=float(low), x1=float(high), fillcolor=NEUTRAL, opacity=0.18, line_width=0, layer="below")
