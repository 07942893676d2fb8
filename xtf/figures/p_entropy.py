"""Response tokens by what the base model gives them and how sure it is: a map. A pure Plotly figure."""

from itertools import pairwise
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from xtf.figures.drawing import choosable, finished
from xtf.figures.palette import NEUTRAL, scale
from xtf.profile import PEntropy
from xtf.selection import ranged

Shown = Literal["all", "dropped", "share"]
TITLES: dict[Shown, str] = {"all": "All response tokens", "dropped": "Dropped tokens", "share": "Dropped share"}
_RAMP = "#0072b2"


def p_entropy(found: PEntropy, shown: Shown = "all", *, cutoff: float | None = None) -> go.Figure:
    """Heat map over p and entropy: how many tokens lie in each cell, how many of them are dropped, or which share of
    them is. `cutoff`: a rule p > cutoff, drawn as a line. Counts are coloured by their logarithm."""
    values, bar = _values(found, shown)
    centres = (found.p_edges[:-1] + found.p_edges[1:]) / 2
    rows = np.arange(len(values)) + 0.5
    figure = go.Figure()
    figure.add_heatmap(x=centres, y=rows, z=values, colorscale=scale(_RAMP), hoverinfo="skip", xgap=1, ygap=1,
                       colorbar={"thickness": 14, "outlinewidth": 0, **bar}, **_range(values, shown))
    _cells(figure, found, centres, rows)
    if cutoff is not None:
        figure.add_vline(x=cutoff, line={"color": NEUTRAL, "width": 2},
                         annotation={"text": f"p > {cutoff:.4g}", "yref": "paper", "y": 1, "yanchor": "bottom"})
    figure.update_xaxes(title="Probability p that the base model gives the token", range=[0, 1])
    ticks = [place for place, edge in enumerate(found.entropy_edges) if edge in (0.001, 0.01, 0.1, 1, 10)]
    figure.update_yaxes(title="Entropy of its prediction (nats, log scale)", tickvals=ticks, range=[0, len(rows)],
                        ticktext=[f"{found.entropy_edges[place]:g}" for place in ticks], showgrid=False)
    every, gone = int(found.every.sum()), int(found.dropped.sum())
    share = f" ({100 * gone / every:.1f} %)" if every else ""
    return finished(figure, f"{TITLES[shown]} by p and entropy",
                    f"Map of {every:,} response tokens by p and entropy, of which {gone:,}{share} are dropped"
                    f"{'' if cutoff is None else f'; the rule p > {cutoff:.4g} is marked'}.", height=460)


def _values(found: PEntropy, shown: Shown) -> tuple[np.ndarray, dict[str, Any]]:
    """What colours the cells, NaN where there is nothing, and the colour bar."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if shown == "share":
            return 100 * found.dropped / found.every, {"title": "Dropped (%)"}
        counts = found.every if shown == "all" else found.dropped
        values = np.where(counts > 0, np.log10(counts), np.nan)
    powers = np.arange(int(np.log10(max(counts.max(initial=1), 1))) + 1)
    return values, {"title": "Tokens (log)", "tickvals": powers.tolist(),
                    "ticktext": [f"{10**int(power):,}" for power in powers]}


def _range(values: np.ndarray, shown: Shown) -> dict[str, float]:
    if shown == "share":
        return {"zmin": 0, "zmax": 100}
    return {"zmin": 0, "zmax": max(float(np.nanmax(values)), 1.0) if np.isfinite(values).any() else 1.0}


def _cells(figure: go.Figure, found: PEntropy, centres: np.ndarray, rows: np.ndarray) -> None:
    """Marks that are not seen but can be hovered, clicked and drawn a box around, which cells of a heat map cannot."""
    across = [*pairwise(found.p_edges[:-1]), (found.p_edges[-2], np.inf)]
    up = [(-np.inf, found.entropy_edges[1]), *pairwise(found.entropy_edges[1:])]
    filled = [(row, column) for row, column in zip(*np.nonzero(found.every), strict=True)]
    counts = [(int(found.every[cell]), int(found.dropped[cell])) for cell in filled]
    figure.add_scatter(
        x=[centres[column] for _, column in filled], y=[rows[row] for row, _ in filled], mode="markers",
        marker={"symbol": "square-open", "size": 9, "opacity": 0, "color": NEUTRAL, "line": {"width": 2}},
        **choosable([ranged("map", *across[column], *up[row]) for row, column in filled],
                    [_words(found, row, column) for row, column in filled], [every for every, _ in counts],
                    [gone for _, gone in counts], [100 * gone / every for every, gone in counts])
        | {"unselected": {"marker": {"opacity": 0}}},
        hovertemplate="%{customdata[0]}<br>%{customdata[1]:,} tokens<br>%{customdata[2]:,} dropped, "
                      "%{customdata[3]:.1f} %<extra></extra>", showlegend=False)


def _words(found: PEntropy, row: int, column: int) -> str:
    p, entropy = found.p_edges[column:column + 2], found.entropy_edges[row:row + 2]
    above = f"{entropy[0]:g} nats and more" if np.isinf(entropy[1]) else f"{entropy[0]:g} to {entropy[1]:g} nats"
    return f"p {p[0]:g} to {p[1]:g}<br>entropy {above}"
