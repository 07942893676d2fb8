"""Plotly figures of what scores and thresholds amount to. Pure: no Streamlit, nothing is read or kept.

Backgrounds are transparent and fonts are left to the page's theme, so every figure reads in light and dark. `alt` gives
a figure's content in a sentence, for screen readers.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xtf.config import ATTRIBUTES
from xtf.figures.palette import ATTRIBUTES as COLOURS
from xtf.figures.palette import NEUTRAL
from xtf.stats import histogram

BINS = 60  # of 0 to 1: 0.95 and every other twentieth lie on an edge
HEIGHT = 300  # pixels
SHORT = {"reasoning": "Reasoning", "novelty": "Novelty", "relevance": "Relevance"}
_PATTERN = {"shape": "/", "size": 6, "solidity": 0.35, "fgcolor": "white", "fillmode": "overlay"}


def alt(figure: go.Figure) -> str:
    """The figure in a sentence."""
    return str(figure.layout.meta["alt"])


def score_histogram(values: np.ndarray, limits: np.ndarray, title: str, unit: str, *, name: str,
                    fails: np.ndarray | None = None, log: bool = False, bins: int = BINS) -> go.Figure:
    """Response tokens by score, with the thresholds as lines and what fails hatched.

    values float32[M] (NaN is left out); limits float64[1 or N, 2] and fails bool[M] as in `filters.Attribute`; name is
    one of ATTRIBUTES. Thresholds that differ between examples are drawn as the band that holds nine in ten of them.
    """
    known = values[np.isfinite(values)]
    axis = _axis(known)
    counts, edges = histogram(axis.place(known), bins, axis.span)
    failing = np.zeros_like(counts) if fails is None else histogram(axis.place(values[fails]), bins, axis.span)[0]
    figure = go.Figure(layout={"barmode": "overlay", "bargap": 0})  # stacked bars would lie on a log axis
    for part, label, pattern in ((counts, "response tokens", None), (failing, "of these, fail", _PATTERN)):
        figure.add_bar(x=(edges[:-1] + edges[1:]) / 2, y=part, width=0.94 * np.diff(edges), name=label,
                       marker={"color": COLOURS[name], "pattern": pattern, "line": {"width": 0}},
                       customdata=_bin_words(axis.value(edges)), showlegend=bool(failing.any()),
                       hovertemplate=f"%{{customdata}}<br>%{{y:,}} {label}<extra></extra>")
    shown = _thresholds(figure, limits, axis)
    figure.update_xaxes(title=f"{title} ({unit})" if unit else title, range=axis.span, **_ticks(axis))
    most = max(int(counts.max(initial=0)), 1)
    figure.update_yaxes(title="Response tokens", **({"type": "log", "dtick": 1, "range": [-0.1, np.log10(most) + 0.1]}
                                                    if log else {"rangemode": "tozero"}))
    words = f"Histogram of {title} over {len(known):,} response tokens"
    return _finished(figure, title, f"{words}; {int(failing.sum()):,} fail{shown}.")


def dropped_bar(summary: dict[str, Any]) -> go.Figure:
    """Share of the response tokens that each attribute drops, and drops alone. `summary` is `stats.summary`'s."""
    figure = go.Figure(layout={"barmode": "group", "bargap": 0.35, "bargroupgap": 0.08})
    names = list(reversed(ATTRIBUTES))
    for key, label, pattern in (("alone", "by it alone", _PATTERN), ("dropped", "in all", None)):
        counts = [summary["attributes"][name][key] for name in names]
        shares = _percent(counts, summary["trainable"])
        figure.add_bar(
            y=[SHORT[name] for name in names], x=shares, orientation="h", name=label, customdata=counts,
            marker={"color": [COLOURS[name] for name in names], "pattern": pattern},
            text=[f"{share:.1f} %" for share in shares], textposition="outside", cliponaxis=False,
            hovertemplate=f"%{{y}}, {label}<br>%{{customdata:,}} tokens, %{{x:.2f}} %<extra></extra>")
    figure.update_xaxes(title="Share of response tokens (%)", rangemode="tozero")
    figure.update_layout(legend_traceorder="reversed")
    told = "; ".join(f"{SHORT[name]} {summary['attributes'][name]['dropped']:,} tokens, "
                     f"{summary['attributes'][name]['alone']:,} alone" for name in ATTRIBUTES)
    return _finished(figure, "Dropped by each attribute", f"Dropped by each attribute: {told}.")


def overlap_bars(summary: dict[str, Any]) -> go.Figure:
    """Tokens dropped by exactly these attributes, most first. `summary` is `stats.summary`'s."""
    found = sorted(summary["combinations"].items(), key=lambda item: item[1])
    labels = [_combination(key) for key, _ in found]
    counts = [count for _, count in found]
    shares = _percent(counts, summary["trainable"])
    figure = go.Figure(layout={"bargap": 0.3})
    figure.add_bar(
        y=labels, x=counts, orientation="h", showlegend=False, customdata=shares,
        marker={"color": [COLOURS.get(key, NEUTRAL) for key, _ in found]},
        text=[f"{count:,}" for count in counts], textposition="outside", cliponaxis=False,
        hovertemplate="%{y}<br>%{x:,} tokens, %{customdata:.2f} % of response tokens<extra></extra>")
    figure.update_xaxes(title="Dropped tokens", rangemode="tozero")
    told = "; ".join(f"{label} {count:,}" for label, count in zip(reversed(labels), reversed(counts), strict=True))
    return _finished(figure, "Dropped for these reasons and no other", f"Dropped tokens by exact reasons: {told}.")


def kept_share_histogram(by_example: pd.DataFrame) -> go.Figure:
    """Examples by the share of their response tokens that is kept. `by_example` is `stats.by_example`'s."""
    shares = 100 * by_example.loc[by_example["trainable"] > 0, "kept_share"].to_numpy()
    counts, edges = histogram(shares, 20, (0.0, 100.0))
    figure = go.Figure(layout={"bargap": 0.04})
    words = [f"{low:.0f} to {high:.0f} %" for low, high in pairwise(edges)]
    figure.add_bar(x=(edges[:-1] + edges[1:]) / 2, y=counts, width=np.diff(edges), marker={"color": NEUTRAL},
                   customdata=words, showlegend=False,
                   hovertemplate="%{customdata} kept<br>%{y:,} examples<extra></extra>")
    figure.update_xaxes(title="Kept share of an example's response tokens (%)", range=[0, 100])
    figure.update_yaxes(title="Examples")
    told = f"median {np.median(shares):.1f} %" if len(shares) else "none"
    return _finished(figure, "Examples by kept share", f"{len(shares):,} examples by kept share; {told}.")


def sweep_line(sweep: pd.DataFrame, title: str, *, name: str, now: float | None = None) -> go.Figure:
    """Kept share of all response tokens against one attribute's threshold, the setting `now` marked. `sweep` is
    `stats.sweep`'s; `title` says what the threshold is."""
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
    return _finished(figure, f"Kept share against {title}", f"Kept share against {title}{told}.")


class _Axis(NamedTuple):
    """Where values lie on the x axis. A heavy tail is laid out by its logarithm, in coordinates of our own: Plotly's
    log axes place shapes and annotations by different rules."""

    span: tuple[float, float]  # in coordinates
    log: bool = False

    def place(self, values: np.ndarray) -> np.ndarray:
        return np.log10(values) if self.log else values

    def value(self, places: np.ndarray) -> np.ndarray:
        return 10**places if self.log else places


def _axis(known: np.ndarray) -> _Axis:
    """0 to 1 for scores that have that range, else the range of the values."""
    if len(known) == 0:
        return _Axis((0.0, 1.0))
    low, high = float(known.min()), float(known.max())
    if low >= 0 and 0.5 <= high <= 1:
        return _Axis((0.0, 1.0))
    if low > 0 and high / float(np.median(known)) > 5:
        return _Axis((float(np.log10(low)), float(np.log10(high))), log=True)
    return _Axis((low, high if high > low else low + 1.0))


def _ticks(axis: _Axis) -> dict[str, Any]:
    if not axis.log:
        return {}
    low, high = np.floor(axis.span[0]), np.ceil(axis.span[1])
    steps = (1,) if high - low > 3 else (1, 2, 5)
    values = [step * 10.0**power for power in np.arange(low, high + 1) for step in steps]
    return {"tickvals": np.log10(values).tolist(), "ticktext": [f"{value:g}" for value in values]}


def _bin_words(edges: np.ndarray) -> list[str]:
    return [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]


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


def _combination(key: str) -> str:
    names = key.split("+")
    if len(names) == len(ATTRIBUTES):
        return "all three"
    return f"{SHORT[names[0]]} alone" if len(names) == 1 else " and ".join(SHORT[name] for name in names)


def _percent(counts: Sequence[int], whole: int) -> list[float]:
    return [100 * count / whole if whole else 0.0 for count in counts]


def _finished(figure: go.Figure, title: str, sentence: str) -> go.Figure:
    figure.update_layout(
        title={"text": title, "x": 0, "font": {"size": 15}}, meta={"alt": sentence}, height=HEIGHT,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", hovermode="closest", dragmode=False,
        margin={"l": 10, "r": 30, "t": 60, "b": 10},
        legend={"orientation": "h", "xref": "container", "x": 1, "xanchor": "right", "yref": "container", "y": 1,
                "yanchor": "top"})
    figure.update_xaxes(automargin=True, showgrid=False, zeroline=False)
    figure.update_yaxes(automargin=True, zeroline=False)
    return figure
