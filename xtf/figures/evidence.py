"""How well scores find planted noise, drawn. Pure Plotly figures."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from xtf.bench.planted import verdict
from xtf.bench.planted.candidates import SCORES
from xtf.bench.planted.kinds import COLUMNS, TARGETS
from xtf.bench.planted.ranking import AUROC, RECALLS
from xtf.bench.planted.result import Cell, Result
from xtf.config import ATTRIBUTES
from xtf.figures.drawing import faint, finished
from xtf.figures.palette import ATTRIBUTES as COLOURS
from xtf.figures.palette import NEUTRAL

_WORSE, _BETTER = "#d55e00", "#0072b2"
_SCALE = [(0.0, faint(_WORSE, 0.4)), (0.5, faint(_WORSE, 0.0)), (0.5, faint(_BETTER, 0.0)),
          (1.0, faint(_BETTER, 0.4))]  # never so dark that the page's text cannot be read on it
_ROW = 40  # pixels
_LONG = 14  # characters, above which a label takes two lines
_SHAPES = {"reasoning": "", "novelty": "/", "relevance": "."}
_SHORT = {"reasoning": "Reasoning", "novelty": "Novelty", "relevance": "Relevance"}


def heat(found: Result, data: str) -> go.Figure:
    """AUROC of each signal against each kind: 0.5 is chance and has no colour; intervals are told in a hover."""
    names = list(found.signals)
    kinds = {key: kind.title for key, kind in COLUMNS.items()}
    cells = [(name, kind, cell) for name in names for kind in kinds if (cell := found.cell(data, name, kind))]
    values = {(name, kind): cell.metrics[AUROC] for name, kind, cell in cells}
    figure = go.Figure()
    figure.add_heatmap(
        x=list(kinds.values()), y=[found.signals[name] for name in names], zmin=0, zmax=1, colorscale=_SCALE, xgap=2,
        ygap=2, z=[[values[name, kind].value if (name, kind) in values else math.nan for kind in kinds]
                   for name in names],
        customdata=[[_hover(found.cell(data, name, kind)) for kind in kinds] for name in names],
        hovertemplate="%{y}, %{x}<br>%{customdata}<extra></extra>", hoverongaps=False, showscale=False)
    figure.add_scatter(x=[kinds[kind] for _, kind, _ in cells], y=[found.signals[name] for name, _, _ in cells],
                       mode="text", text=[_mark(found.cell(data, name, kind)) for name, kind, _ in cells],
                       hoverinfo="skip", showlegend=False)
    shown = [found.signals[name] for name in names]
    figure.update_yaxes(autorange="reversed", showgrid=False, tickvals=shown, ticktext=[_lines(one) for one in shown])
    _folded(figure, list(kinds.values()))
    told = "; ".join(f"{found.signals[name]}, {kinds[kind]} {verdict.interval(cell.metrics[AUROC])}"
                     for name, kind, cell in cells)
    return finished(figure, "How well each signal ranks noise (AUROC)",
                    f"AUROC, 0.5 is chance: {told or 'nothing measured'}.", height=150 + _ROW * len(names))


def _mark(cell: Cell | None) -> str:
    """The number; bold where the interval lies above or below chance."""
    if cell is None:
        return ""
    shown = f"{cell.metrics[AUROC].value:.2f}"
    return f"<b>{shown}</b>" if verdict.side(cell.metrics[AUROC]) else shown


def _hover(cell: Cell | None) -> str:
    if cell is None:
        return ""
    one = cell.metrics[AUROC]
    return f"AUROC {one.value:.3f}, 95 % interval {one.low:.3f} to {one.high:.3f}<br>{one.n:,} examples"


def recall(found: Result, data: str, metric: str) -> go.Figure:
    """Which share of each kind lies in the budget of the most noise-like tokens, by XTF's scores; random finds just the
    budget."""
    budget, kinds = 100 * RECALLS[metric], list(TARGETS)
    figure = go.Figure(layout={"barmode": "group", "bargap": 0.3, "bargroupgap": 0.06})
    told = []
    for name in (name for name in ATTRIBUTES if name in found.signals):
        cells = {kind: cell for kind in kinds if (cell := found.cell(data, name, kind))}
        ones = [cell.metrics[metric] for cell in cells.values()]
        figure.add_bar(
            x=[TARGETS[kind].title for kind in cells], y=[100 * one.value for one in ones], name=_SHORT[name],
            marker={"color": COLOURS[name], "pattern": {"shape": _SHAPES[name], "size": 6, "solidity": 0.3,
                                                        "fgcolor": "white", "fillmode": "overlay"}},
            error_y={"type": "data", "symmetric": False, "array": [100 * (one.high - one.value) for one in ones],
                     "arrayminus": [100 * (one.value - one.low) for one in ones], "thickness": 1.5, "width": 4,
                     "color": NEUTRAL},
            customdata=[[100 * one.low, 100 * one.high] for one in ones],
            hovertemplate=f"{SCORES[name]}<br>%{{x}}: %{{y:.1f}} % found<br>95 % interval %{{customdata[0]:.1f}} to "
                          "%{customdata[1]:.1f} %<extra></extra>")
        told.append(f"{_SHORT[name]} " + _told(list(cells.values()), metric))
    figure.add_hline(y=budget, line={"dash": "dash", "color": NEUTRAL, "width": 2}, name="Random", showlegend=True)
    figure.update_yaxes(title="Planted tokens found (%)", rangemode="tozero")
    _folded(figure, [TARGETS[kind].title for kind in kinds])
    made = finished(figure, f"Found in the lowest {budget:.0f} % of each score",
                    f"Share of planted tokens found, random finds {budget:.0f} %: {'; '.join(told)}.", height=400)
    return made.update_layout(legend={"y": 0, "yanchor": "bottom"}, margin={"b": 60})


def _folded(figure: go.Figure, titles: list[str]) -> None:
    """Categories on the lower axis upright, a line for each word."""
    figure.update_xaxes(tickangle=0, tickfont={"size": 11}, tickvals=titles,
                        ticktext=[title.replace(" ", "<br>").replace("-", "-<br>") for title in titles])


def _lines(title: str) -> str:
    """Two lines of a longer title."""
    first, _, rest = title.partition(" ")
    return f"{first}<br>{rest}" if len(title) > _LONG else title


def _told(cells: Sequence[Cell], metric: str) -> str:
    return ", ".join(f"{TARGETS[cell.kind].title} {verdict.shares(cell.metrics[metric])}" for cell in cells)
