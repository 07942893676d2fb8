"""The arms of a comparison as points with intervals, and the paper's figures apart from them. Pure Plotly figures."""

from typing import Any

import plotly.graph_objects as go

from xtf.comparison import paper, table, verdict
from xtf.comparison.metrics import METRICS, Metric
from xtf.comparison.paper import Task
from xtf.comparison.result import Figure, Result, Row
from xtf.figures.drawing import finished
from xtf.figures.palette import NEUTRAL
from xtf.strategies import STRATEGIES

METHOD = "#2f86bd"  # what is put to the test; 3:1 on both pages. Its controls are neutral, and told by their signs.
_SYMBOLS = {"base": "circle-open", "normal": "square", "random": "x", "xtf": "diamond"}
_OTHER = "triangle-up"
_ROW = 44  # pixels
_GROUPS = {"loss": "all tokens", "loss_kept": "kept", "loss_dropped": "dropped"}
_MARKS = {"loss": "circle", "loss_kept": "diamond-open", "loss_dropped": "x-thin-open"}
_SHIFTS = (-0.22, 0.0, 0.22)  # of a row's room


def points(found: Result, key: str) -> go.Figure:
    """One metric: of each row the mean with its 95 % interval, and of each seed a small mark."""
    metric, rows = METRICS[key], [row for row in found.rows if key in row.figures]
    figure = go.Figure()
    for place, row in enumerate(rows):
        figure.add_scatter(**_seeds(row.figures[key], place, metric))
        figure.add_scatter(**_point(row, row.figures[key], place, metric))
    rows_on_y(figure, [row.title for row in rows])
    figure.update_xaxes(title=table.title(key, found))
    told = "; ".join(f"{row.title} {table.shown(row.figures[key], key)}" for row in rows)
    return finished(figure, "Measured here", f"{table.title(key, found)}, mean with 95 % interval: "
                                             f"{told or 'none yet'}.", height=120 + _ROW * max(2, len(rows)))


def groups(found: Result) -> go.Figure:
    """Held-out loss over all response tokens, over those that the thresholds keep, and over those that they drop: in
    each strategy's row three marks, one a little below the other."""
    rows = [row for row in found.rows if row.figures]
    there = [key for key in _GROUPS if any(key in row.figures for row in rows)]
    figure = go.Figure()
    for number, key in enumerate(there):
        for place, row in enumerate(rows):
            if key in row.figures:
                figure.add_scatter(**_point(row, row.figures[key], place + _SHIFTS[number], METRICS[key]))
                figure.data[-1].update(name=_GROUPS[key], legendgroup=key, showlegend=place == 0)
                figure.data[-1].marker.update(symbol=_MARKS[key], size=10)
    rows_on_y(figure, [row.title for row in rows])
    figure.update_xaxes(title="Held-out loss (nats a token; lower is better)")
    told = "; ".join(f"{_GROUPS[key]}: " + ", ".join(f"{row.title} {table.shown(row.figures[key], key)}" for row in rows
                                                     if key in row.figures) for key in there)
    return finished(figure, "Held-out loss by group", f"Held-out loss in nats a token with 95 % interval, {told}.",
                    height=130 + _ROW * max(2, len(rows)))


def published(task: Task) -> go.Figure:
    """The paper's averages for a task, which have no intervals; in grey, so that nobody takes them for ours."""
    names = [STRATEGIES[name].title if name in STRATEGIES else name[:1].upper() + name[1:] for name in task.accuracy]
    figure = go.Figure()
    figure.add_scatter(
        x=list(task.accuracy.values()), y=list(range(len(names))), mode="markers+text", showlegend=False,
        text=[f"\N{NO-BREAK SPACE}{value:.1f}" for value in task.accuracy.values()], textposition="middle right",
        marker={"symbol": "diamond-open", "size": 11, "color": NEUTRAL, "line": {"width": 2}}, customdata=names,
        hovertemplate="%{customdata}: %{x:.1f} %, the paper's<extra></extra>", cliponaxis=False)
    rows_on_y(figure, names)
    figure.update_xaxes(title=f"{task.title}, average accuracy (%)", range=[0, 60])
    told = ", ".join(f"{name} {value:.1f}" for name, value in zip(names, task.accuracy.values(), strict=True))
    return finished(figure, "Published in the paper", f"{task.title}, average accuracy in %, {paper.LABEL}: {told}.",
                    height=120 + 30 * len(names))


def _point(row: Row, figure: Figure, place: float, metric: Metric) -> dict[str, Any]:
    one, control = figure.estimate, verdict.is_control(row)
    kind, colour = (row.name.partition("-")[0], NEUTRAL) if control else (row.name, METHOD)  # random-60 is random
    bars = {"type": "data", "symmetric": False, "array": [metric.scale * (one.high - one.value)],
            "arrayminus": [metric.scale * (one.value - one.low)], "color": colour, "thickness": 2, "width": 6}
    return {"x": [metric.scale * one.value], "y": [place], "mode": "markers", "showlegend": False, "error_x": bars,
            "marker": {"symbol": _SYMBOLS.get(kind, _OTHER), "size": 12, "color": colour, "line": {"width": 2}},
            "customdata": [[row.title, metric.scale * one.low, metric.scale * one.high, one.n]],
            "hovertemplate": f"%{{customdata[0]}}: %{{x:.{metric.digits}f}} {metric.unit}<br>95 % interval "
                             f"%{{customdata[1]:.{metric.digits}f}} to %{{customdata[2]:.{metric.digits}f}}<br>"
                             "%{customdata[3]:,} examples<extra></extra>"}


def _seeds(figure: Figure, place: int, metric: Metric) -> dict[str, Any]:
    """Each seed by itself, just below the mean."""
    return {"x": [metric.scale * value for value in figure.seeds], "y": [place + 0.26] * len(figure.seeds),
            "mode": "markers", "showlegend": False, "cliponaxis": False,
            "marker": {"symbol": "line-ns-open", "size": 8, "color": NEUTRAL, "line": {"width": 2}},
            "hovertemplate": f"one seed: %{{x:.{metric.digits}f}} {metric.unit}<extra></extra>"}


def rows_on_y(figure: go.Figure, labels: list[str]) -> None:
    """The first label on top."""
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=labels, range=[max(len(labels), 1) - 0.4, -0.6],
                        showgrid=False)
