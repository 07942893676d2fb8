"""How far strategies agree, and what each takes away by p and entropy. Pure Plotly figures."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from xtf.disagreement import ENTROPY_EDGES, P_EDGES, Agreement, Regions, Views
from xtf.figures.drawing import faint, finished
from xtf.figures.palette import NEUTRAL, scale
from xtf.words import percent

_NEGATIVE, _POSITIVE = "#d55e00", "#0072b2"
_BOTH_WAYS = [(0.0, faint(_NEGATIVE, 0.6)), (0.5, faint(_NEGATIVE, 0.0)), (0.5, faint(_POSITIVE, 0.0)),
              (1.0, faint(_POSITIVE, 0.6))]  # never so dark that the page's text cannot be read on it
_ONE_WAY = [(0.0, faint(_POSITIVE, 0.0)), (1.0, faint(_POSITIVE, 0.6))]
_ACROSS = 3  # maps in a row
_ROW = 62  # pixels of the matrix
_PANEL = 210  # pixels of a map
_SHORT = {"Data filtering": "DF", "Token cleaning": "TC", "Selective LM (Rho-1)": "SLM", "Data augmentation": "DA"}


class Measure(NamedTuple):
    """One way to say how far two strategies agree."""

    title: str
    help: str
    signed: bool = False  # -1 to 1; else a share, shown in percent


MEASURES = {
    "kappa": Measure("Cohen's kappa", "Agreement beyond what two strategies that drop so much have by chance. 1: the "
                                      "same verdicts; 0: no more than chance; below 0: rather opposites. Fair to "
                                      "strategies that drop little and much.", True),
    "same": Measure("Same verdict", "Share of the response tokens that both keep or both drop. High by itself where "
                                    "both keep nearly all."),
    "jaccard": Measure("Overlap of what is dropped", "Jaccard: tokens that both drop, of those that either drops."),
}


def short(title: str) -> str:
    """A strategy's title where there is little room."""
    for words, letters in _SHORT.items():
        title = title.replace(words, letters)
    return title


def matrix(found: Agreement, measure: str) -> go.Figure:
    """One measure of each pair of strategies, as a lower triangle of cells with the number in each."""
    chosen, size = MEASURES[measure], len(found.names)
    values = getattr(found, measure) * (1 if chosen.signed else 100)
    below = [(row, column) for row in range(1, size) for column in range(row)]
    shown = np.full((size, size), np.nan)
    for cell in below:
        shown[cell] = values[cell]
    columns = [title.replace(" (", "<br>(") for title in found.titles]
    rows = [f"{title}<br>keeps {percent(kept)}" for title, kept in zip(columns, found.kept_shares, strict=True)]
    figure = go.Figure()
    figure.add_heatmap(
        x=columns[:-1], y=rows[1:], z=shown[1:, :-1], xgap=2, ygap=2, hoverongaps=False,
        zmin=-1 if chosen.signed else 0, zmax=1 if chosen.signed else 100,
        colorscale=_BOTH_WAYS if chosen.signed else _ONE_WAY, hovertemplate="%{customdata}<extra></extra>",
        customdata=[[_pair(found, row, column) for column in range(size - 1)] for row in range(1, size)],
        colorbar={"title": "κ" if chosen.signed else "%", "thickness": 14, "outlinewidth": 0})
    figure.add_scatter(x=[columns[column] for _, column in below], y=[rows[row] for row, _ in below], mode="text",
                       text=[number(values[cell], chosen.signed) for cell in below], hoverinfo="skip",
                       showlegend=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    told = "; ".join(f"{found.titles[row]} and {found.titles[column]} {number(values[row, column], chosen.signed)}"
                     for row, column in below)
    return finished(figure, f"{chosen.title}, {found.tokens:,} response tokens",
                    f"{chosen.title} of each pair over {found.tokens:,} response tokens: {told}.",
                    height=140 + _ROW * max(2, size - 1))


def _pair(found: Agreement, row: int, column: int) -> str:
    kappa = number(found.kappa[row, column], True)
    return (f"{found.titles[row]} and {found.titles[column]}<br>{found.both[row, column]:,} tokens dropped by both, "
            f"{percent(found.jaccard[row, column])} of those that either drops<br>same verdict on "
            f"{percent(found.same[row, column])}, kappa {kappa}")


def number(value: float, signed: bool) -> str:
    """Of a cell: a kappa, or a share in percent."""
    if np.isnan(value):
        return "–"
    return f"{value:+.2f}".replace("-", "−") if signed else f"{value:.0f} %"


def maps(found: Regions, views: Views) -> go.Figure:
    """Small maps over the same axes: where the response tokens lie by p and entropy, then for each strategy which share
    of each cell it takes away. What weighs tokens takes a part of each."""
    titles = ["All response tokens", *(f"{short(one.title)}{': 1 − weight' if one.weights is not None else ''}"
                                       for one in views.values())]
    count = -(-len(titles) // _ACROSS)
    figure = make_subplots(count, _ACROSS, shared_xaxes=True, shared_yaxes=True, subplot_titles=titles,
                           horizontal_spacing=0.03, vertical_spacing=0.36 / (count + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        layers = [np.where(found.every > 0, np.log10(found.every), np.nan),
                  *(100 * found.taken[name] / found.every for name in views)]
    for place, values in enumerate(layers):
        row, column = place // _ACROSS + 1, place % _ACROSS + 1
        figure.add_heatmap(x=(P_EDGES[:-1] + P_EDGES[1:]) / 2, y=np.arange(len(values)) + 0.5, z=values, xgap=1, ygap=1,
                           coloraxis="coloraxis" if place else "coloraxis2", hoverongaps=False,
                           customdata=_hovers(found, values if place else None),
                           hovertemplate="%{customdata}<extra></extra>", row=row, col=column)
        if place + _ACROSS >= len(titles):  # nothing stands below it
            figure.update_xaxes(showticklabels=True, title="p", row=row, col=column)
    figure.update_layout(
        coloraxis={"colorscale": scale(_POSITIVE), "cmin": 0, "cmax": 100,
                   "colorbar": {"ticksuffix": " %", "orientation": "h", "thickness": 12, "len": 0.5, "outlinewidth": 0,
                                "yref": "container", "y": 0, "yanchor": "bottom"}},
        coloraxis2={"colorscale": scale(NEUTRAL), "showscale": False, "cmin": 0})
    _axes(figure)
    finished(figure, "Share taken away, by p and entropy", _told(found, views, titles[1:]), height=190 + _PANEL * count)
    return figure.update_layout(margin_b=100)  # the colour bar stands below


def _axes(figure: go.Figure) -> None:
    ticks = [place for place, edge in enumerate(ENTROPY_EDGES) if edge in (0.001, 0.01, 0.1, 1, 10)]
    figure.update_xaxes(range=[0, 1], tickvals=[0, 0.5, 1])
    figure.update_yaxes(tickvals=ticks, ticktext=[f"{ENTROPY_EDGES[place]:g}" for place in ticks], showgrid=False,
                        range=[0, len(ENTROPY_EDGES) - 1])
    figure.update_yaxes(title="Entropy (nats)", col=1)
    figure.update_annotations(font_size=13)


def _hovers(found: Regions, shares: np.ndarray | None) -> list[list[str]]:
    p = [f"p {low:.2f} to {high:.2f}" for low, high in pairwise(P_EDGES)]
    entropy = [f"entropy {low:g} nats and more" if np.isinf(high) else f"entropy {low:g} to {high:g} nats"
               for low, high in pairwise(ENTROPY_EDGES)]
    return [[f"{p[column]}<br>{entropy[row]}<br>{int(tokens):,} tokens"
             + ("" if shares is None or not tokens else f"<br>{shares[row, column]:.1f} % taken away")
             for column, tokens in enumerate(cells)] for row, cells in enumerate(found.every)]


def _told(found: Regions, views: Views, titles: list[str]) -> str:
    """Shares of the loss that are taken away on the left and on the right half of each map."""
    half = len(P_EDGES) // 2
    every = [int(found.every[:, :half].sum()), int(found.every[:, half:].sum())]
    parts = []
    for name, title in zip(views, titles, strict=True):
        gone = [found.taken[name][:, :half].sum(), found.taken[name][:, half:].sum()]
        low, high = (percent(part / whole) if whole else "none" for part, whole in zip(gone, every, strict=True))
        parts.append(f"{title} takes {low} of those below p 0.5 and {high} of the others")
    return f"Maps of {sum(every):,} response tokens by p and entropy: {'; '.join(parts)}."
