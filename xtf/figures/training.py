"""What a fine-tune measured at each step: pure Plotly figures, and how noisy and long curves become readable."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xtf.figures.drawing import faint, finished
from xtf.figures.palette import CURVES, NEUTRAL

MOST = 2000  # points of one curve
LOSS = "Loss (nats per trained token)"
_TALL, _LOW = 320, 220  # pixels
_FEW = 40  # steps that are drawn as points, too: a line of one point cannot be seen
_DASHES = ("solid", "dash", "dot", "dashdot")


class Axis(NamedTuple):
    """What steps are laid along."""

    label: str
    title: str
    words: str  # in a hover, after the number


AXES = {"trained": Axis("Trained tokens", "Trained tokens", "trained tokens"),
        "step": Axis("Steps", "Steps of the optimiser", "steps"),
        "epoch": Axis("Epochs", "Epochs (passes over the data)", "epochs")}


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """float64[n]: exponential moving average in which the past weighs `weight` in [0, 1). Divided by the weights so
    far, as Adam does, so that it does not start at zero. What is no number is passed over."""
    made, total, weights = np.empty(len(values)), 0.0, 0.0
    for place, value in enumerate(np.asarray(values, float)):
        if np.isfinite(value):
            total, weights = weight * total + (1 - weight) * value, weight * weights + (1 - weight)
        made[place] = total / weights if weights else np.nan
    return made


def thinned(values: np.ndarray, most: int = MOST) -> np.ndarray:
    """int64, ascending: which points are drawn, at most `most`. The first, the last, and of each stretch between them
    the lowest and the highest, so that no spike is lost."""
    if len(values) <= most:
        return np.arange(len(values))
    numbers = np.asarray(values, float)
    found = [0, len(numbers) - 1]
    for stretch in np.array_split(np.arange(len(numbers)), max(1, most // 2 - 1)):
        here = numbers[stretch]
        found += [stretch[np.argmin(np.where(np.isnan(here), np.inf, here))],
                  stretch[np.argmax(np.where(np.isnan(here), -np.inf, here))]]
    return np.unique(found)


def speed(metrics: pd.DataFrame) -> np.ndarray:
    """float64[n]: tokens that went through the model in each second of a step. NaN where the clock began anew."""
    seconds = np.diff(metrics["seconds"].to_numpy(float), prepend=0.0)
    tokens = np.diff(metrics["tokens"].to_numpy(float), prepend=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(seconds > 0, tokens / seconds, np.nan)


def loss(metrics: pd.DataFrame, along: str, weight: float) -> go.Figure:
    """Each step's loss, and its course. `metrics` has `xtf.training.folder.COLUMNS`."""
    figure = go.Figure()
    values, course = metrics["loss"].to_numpy(float), smoothed(metrics["loss"].to_numpy(), weight)
    grey = faint(NEUTRAL, 0.9 if len(values) <= _FEW else 0.5)  # where it is dense, it covers itself
    _line(figure, metrics[along], values, along, "each step", {"color": grey, "width": 1})
    _line(figure, metrics[along], course, along, "smoothed", {"color": CURVES[0], "width": 2.5})
    figure.update_yaxes(title=LOSS)
    return _done(figure, along, "Loss", _course("Loss", course, "nats per trained token"), _TALL)


def learning_rate(metrics: pd.DataFrame, along: str) -> go.Figure:
    """The learning rate of each step."""
    figure = _single(metrics, along, metrics["learning_rate"].to_numpy(float), "Learning rate", "")
    return figure.update_yaxes(tickformat="~e")  # else 30µ


def gradient(metrics: pd.DataFrame, along: str) -> go.Figure:
    """The length of each step's gradient before it was shortened."""
    return _single(metrics, along, metrics["grad_norm"].to_numpy(float), "Gradient norm", "")


def tokens_a_second(metrics: pd.DataFrame, along: str) -> go.Figure:
    """How fast each step went."""
    return _single(metrics, along, speed(metrics), "Speed", "tokens/s")


def losses(curves: Mapping[str, pd.DataFrame], along: str, weight: float) -> go.Figure:
    """The smoothed losses of several fine-tunes by name, one over the other."""
    figure, told = go.Figure(), []
    for place, (name, metrics) in enumerate(curves.items()):
        course = smoothed(metrics["loss"].to_numpy(), weight)
        style = {"color": CURVES[place % len(CURVES)], "width": 2.5, "dash": _DASHES[place % len(_DASHES)]}
        _line(figure, metrics[along], course, along, name, style)
        told.append(_course(name, course, "nats per trained token"))
    figure.update_yaxes(title=LOSS)
    return _done(figure, along, "Training losses, smoothed", " ".join(told), _TALL)


def _single(metrics: pd.DataFrame, along: str, values: np.ndarray, title: str, unit: str) -> go.Figure:
    figure = go.Figure(layout={"showlegend": False})
    _line(figure, metrics[along], values, along, title, {"color": CURVES[0], "width": 1.5})
    figure.update_yaxes(rangemode="tozero")
    return _done(figure, along, f"{title} ({unit})" if unit else title, _course(title, values, unit), _LOW)


def _line(figure: go.Figure, along: pd.Series, values: np.ndarray, axis: str, name: str, style: dict) -> None:
    drawn = thinned(values)
    few = len(values) <= _FEW
    figure.add_scatter(x=along.to_numpy()[drawn], y=values[drawn], name=name, line=style,
                       mode="lines+markers" if few else "lines", marker={"size": 5},
                       hovertemplate=f"%{{x:,}} {AXES[axis].words}<br>%{{y:.4g}}<extra>{name}</extra>")


def _course(name: str, values: np.ndarray, unit: str) -> str:
    numbers = values[np.isfinite(values)]
    if not len(numbers):
        return f"{name}: no step yet."
    return f"{name}: {len(values):,} steps, from {numbers[0]:.3g} to {numbers[-1]:.3g} {unit}".rstrip() + "."


def _done(figure: go.Figure, along: str, title: str, sentence: str, height: int) -> go.Figure:
    figure.update_xaxes(title=AXES[along].title, rangemode="tozero")
    if not any(len(trace.x) for trace in figure.data):
        figure.add_annotation(text="No step has ended yet", showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
        figure.update_xaxes(showticklabels=False)
        figure.update_yaxes(showticklabels=False, showgrid=False)
    return finished(figure, title, sentence, height)
