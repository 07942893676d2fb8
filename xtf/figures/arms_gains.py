"""Gains over normal fine-tuning, ablation, kept share and all tasks at a glance, with the paper's figures beside ours.

The paper's are always open diamonds in grey and named as the paper's; ours have intervals. Pure Plotly figures.
"""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from xtf.comparison import paper, table, verdict
from xtf.comparison.gains import Gain, Part
from xtf.comparison.metrics import CORRECT, METRICS, Metric
from xtf.comparison.overview import METHODS, TASKS, Cell
from xtf.comparison.result import Result, Row
from xtf.evaluation.statistics import Estimate
from xtf.figures.arms import METHOD, rows_on_y
from xtf.figures.drawing import finished
from xtf.figures.palette import NEUTRAL

_ROW = 40  # pixels
_BELOW = 0.22  # of a row's room: the paper's mark stands so far below ours
_APART = 0.9  # points between intervals at the same share
_SLANTED = -40  # degrees of names above intervals, so that those of neighbours do not meet
_NAMES = 0.45  # of the height that the intervals take: room for names
_OURS, _PAPERS = "measured here, 95 % interval", "the paper's"
_DIAMOND = {"symbol": "diamond-open", "size": 11, "color": NEUTRAL, "line": {"width": 2}}
_DOT = {"symbol": "circle", "size": 11, "color": METHOD}


def gains(found: Sequence[Gain], key: str) -> go.Figure:
    """What each strategy is higher by than normal fine-tuning, and what the paper's gained there."""
    metric, figure = METRICS[key], go.Figure()
    ours = [(place, one) for place, one in enumerate(found) if one.difference]
    figure.add_scatter(**_ours([(place, one.title, *_three(one.difference, metric)) for place, one in ours], metric))
    papers = [(place + _BELOW, one.title, one.paper) for place, one in enumerate(found) if one.paper is not None]
    if papers:
        figure.add_scatter(**_papers(papers, "%{customdata}: %{x:+.1f} points, the paper's<extra></extra>"))
    figure.add_vline(0, line={"width": 1, "color": NEUTRAL})
    for place, one in enumerate(found):
        if one.difference is None:
            _note(figure, place, "not measured")
    rows_on_y(figure, [one.title for one in found])
    unit = "points" if metric.unit == "%" else f"{metric.unit} a token"
    better = "higher" if metric.higher_is_better else "lower"
    figure.update_xaxes(title=f"Difference to normal fine-tuning ({unit}; {better} is better)")
    told = "; ".join(f"{one.title} {_told(one, metric)}" for one in found)
    return finished(figure, "Gains over normal fine-tuning", f"{metric.title}, difference to normal fine-tuning: "
                                                             f"{told or 'none yet'}.",
                    height=130 + _ROW * max(2, len(found)))


def ablation(found: Sequence[Part], key: str, title: str) -> go.Figure:
    """Which attributes drop tokens: ours to the left, the paper's averages apart to the right."""
    metric = METRICS[key]
    figure = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.06, subplot_titles=(
        "Measured here", "The paper's"), column_widths=[0.6, 0.4])
    ours = [(place, one.attributes, *_three(one.estimate, metric)) for place, one in enumerate(found) if one.estimate]
    figure.add_scatter(**_ours(ours, metric), row=1, col=1)
    figure.add_scatter(**_papers([(place, one.attributes, one.paper) for place, one in enumerate(found)],
                                 "%{customdata}: %{x:.1f} %, the paper's<extra></extra>"), row=1, col=2)
    for place, one in enumerate(found):
        if one.estimate is None:
            _note(figure, place, "not measured")
    rows_on_y(figure, [one.attributes for one in found])
    figure.update_xaxes(title=title, row=1, col=1)
    figure.update_xaxes(title="Average accuracy (%)", row=1, col=2)
    told = "; ".join(f"{one.attributes} {_estimate(one.estimate, metric)}, the paper's {one.paper:.1f} %"
                     for one in found)
    return _panels(finished(figure, "Which attributes drop tokens", f"{title} by attributes that drop tokens: {told}. "
                            f"The paper's are {paper.LABEL}.", height=150 + 34 * len(found)))


def kept_share(found: Result, key: str) -> go.Figure:
    """Share of the response tokens that a strategy trains on against what came of it."""
    metric = METRICS[key]
    rows = [row for row in found.rows if row.share is not None and key in row.figures]
    figure = go.Figure(layout={"showlegend": False})
    places = _side_by_side([100 * (row.share or 0) for row in rows])
    for place, row in zip(places, rows, strict=True):
        figure.add_scatter(**_at_share(row, place, key, metric))
        figure.add_annotation(text=row.title, x=place, y=_three(row.figures[key].estimate, metric)[2], showarrow=False,
                              textangle=_SLANTED, xanchor="left", yanchor="bottom")
    if (normal := found.row("normal")) and key in normal.figures:
        figure.add_hline(metric.scale * normal.figures[key].estimate.value, line={"width": 1, "dash": "dot",
                                                                                  "color": NEUTRAL})
    figure.update_xaxes(title="Kept share of the response tokens (%)", range=[min(places, default=0) - 8, 114])
    figure.update_yaxes(title=table.title(key, found),
                        range=_with_names([row.figures[key].estimate for row in rows], metric))
    told = "; ".join(f"{row.title} keeps {100 * (row.share or 0):.1f} % and has {table.shown(row.figures[key], key)}"
                     for row in rows)
    return finished(figure, "Kept share and outcome", f"{table.title(key, found)} against the kept share: "
                                                      f"{told or 'none yet'}.", height=420)


def overview(cells: Sequence[Cell]) -> go.Figure:
    """Methods by task, ours and the paper's: one panel a task."""
    figure = make_subplots(1, len(TASKS), shared_yaxes=True, horizontal_spacing=0.04,
                           subplot_titles=list(TASKS.values()))
    for column, task in enumerate(TASKS, 1):
        here = [cell for cell in cells if cell.task == task]
        ours = [(place, cell.arm, *_three(cell.estimate, METRICS[CORRECT])) for place, cell in enumerate(here)
                if cell.estimate]
        papers = [(place + _BELOW, cell.method, cell.paper) for place, cell in enumerate(here)
                  if cell.paper is not None]
        figure.add_scatter(**_ours(ours, METRICS[CORRECT]), row=1, col=column)
        figure.add_scatter(**_papers(papers, "%{customdata}: %{x:.1f} %, the paper's<extra></extra>"), row=1,
                           col=column)
        figure.data[-1].showlegend = figure.data[-2].showlegend = column == 1
        for place, cell in enumerate(here):
            if cell.estimate is None:
                _note(figure, place, "none yet", f"x{column if column > 1 else ''}")
    rows_on_y(figure, [method.title for method in METHODS])
    figure.update_xaxes(title="Right answers (%)", range=[0, 100])
    told = "; ".join(f"{TASKS[cell.task]}, {cell.method}: {_estimate(cell.estimate, METRICS[CORRECT])}"
                     + (f", the paper's {cell.paper:.1f} %" if cell.paper is not None else "") for cell in cells)
    return _panels(finished(figure, "By task and method", f"Right answers: {told}. The paper's are {paper.LABEL}.",
                            height=150 + 52 * len(METHODS)))


def _three(found: Any, metric: Metric) -> tuple[float, float, float]:
    """Value, low and high as they are shown, of an estimate or a difference."""
    return metric.scale * found.value, metric.scale * found.low, metric.scale * found.high


def _ours(rows: Sequence[tuple[float, str, float, float, float]], metric: Metric) -> dict[str, Any]:
    """place, title, value, low, high → one trace with intervals."""
    bars = {"type": "data", "symmetric": False, "array": [high - value for _, _, value, _, high in rows],
            "arrayminus": [value - low for _, _, value, low, _ in rows], "color": METHOD, "thickness": 2, "width": 6}
    digits = metric.digits
    return {"x": [row[2] for row in rows], "y": [row[0] for row in rows], "mode": "markers", "name": _OURS,
            "error_x": bars, "marker": _DOT, "customdata": [[title, low, high] for _, title, _, low, high in rows],
            "hovertemplate": f"%{{customdata[0]}}: %{{x:.{digits}f}} {metric.unit}<br>95 % interval "
                             f"%{{customdata[1]:.{digits}f}} to %{{customdata[2]:.{digits}f}}<extra></extra>"}


def _papers(rows: Sequence[tuple[float, str, float]], hover: str) -> dict[str, Any]:
    """place, title, value → one trace of open diamonds, without intervals, since none were published."""
    return {"x": [row[2] for row in rows], "y": [row[0] for row in rows], "mode": "markers", "name": _PAPERS,
            "marker": _DIAMOND, "customdata": [row[1] for row in rows], "hovertemplate": hover}


def _side_by_side(shares: Sequence[float]) -> list[float]:
    """Shares in %, those that would lie on an earlier one moved aside, so that both intervals are seen."""
    places: list[float] = []
    for share in shares:
        while any(abs(share - other) < _APART - 1e-6 for other in places):
            share -= _APART
        places.append(share)
    return places


def _at_share(row: Row, place: float, key: str, metric: Metric) -> dict[str, Any]:
    value, low, high = _three(row.figures[key].estimate, metric)
    colour = NEUTRAL if verdict.is_control(row) else METHOD
    return {"x": [place], "y": [value], "mode": "markers", "customdata": [100 * (row.share or 0)], "cliponaxis": False,
            "marker": {"size": 11, "color": colour},
            "error_y": {"type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low],
                        "color": colour, "thickness": 2, "width": 6},
            "hovertemplate": f"{row.title}: %{{customdata:.1f}} % kept, %{{y:.{metric.digits}f}} {metric.unit}<br>"
                             f"95 % interval {low:.{metric.digits}f} to {high:.{metric.digits}f}<extra></extra>"}


def _with_names(found: Sequence[Estimate], metric: Metric) -> list[float] | None:
    """From the lowest interval to above the highest, as far as its name reaches."""
    if not found:
        return None
    low, high = (metric.scale * end for end in (min(one.low for one in found), max(one.high for one in found)))
    return [low - 0.08 * (high - low), high + _NAMES * (high - low)]


def _note(figure: go.Figure, place: float, words: str, axis: str = "x") -> None:
    """Words where a mark would stand; why it does not is told beside the figure."""
    figure.add_annotation(text=f"<i>{words}</i>", x=0.01, xref=f"{axis} domain", y=place, yref="y", showarrow=False,
                          xanchor="left", font={"color": NEUTRAL})


def _panels(figure: go.Figure) -> go.Figure:
    """Room for the titles of panels below the legend."""
    figure.update_layout(margin_t=95)
    return figure


def _estimate(found: Estimate | None, metric: Metric) -> str:
    if found is None:
        return "not measured"
    value, low, high = (f"{part:.{metric.digits}f}" for part in _three(found, metric))
    return f"{value} [{low}, {high}] {metric.unit}"


def _told(one: Gain, metric: Metric) -> str:
    ours = "not measured" if one.difference is None else verdict.told(one.difference, metric)
    return ours + (f", the paper's {one.paper:+.1f} points" if one.paper is not None else "")
