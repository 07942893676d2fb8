"""A score along the response, so that an effect of the position is seen. A pure Plotly figure."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xtf.figures.drawing import choosable, faint, finished
from xtf.figures.palette import ATTRIBUTES as COLOURS
from xtf.selection import ranged

_COLOUR = COLOURS["reasoning"]
_TICKS = [step * 10.0**power for power in range(-9, 7) for step in (1, 2, 5)]
_LOG = {"type": "log", "tickvals": _TICKS, "ticktext": [f"{value:g}" for value in _TICKS]}


def by_position(found: pd.DataFrame, title: str, unit: str, *, relative: bool = False) -> go.Figure:
    """Median, mean and the band of eight in ten tokens of a score, by bins of the position in the response. `found` is
    `profile.by_position`'s; relative: its bins are shares of the response, else response tokens."""
    some = found[found["count"] > 0]
    kind, times = ("relative", 100.0) if relative else ("position", 1.0)
    high = some["high"].where(np.isfinite(some["high"]), 1.0 if relative else 2 * some["low"] - some["low"].shift())
    x = (times * (some["low"] + high) / 2).tolist()
    figure = go.Figure()
    for level, fill in (("p90", None), ("p10", "tonexty")):
        figure.add_scatter(x=x, y=some[level], mode="lines", line={"width": 0}, fill=fill, hoverinfo="skip",
                           fillcolor=faint(_COLOUR, 0.25), showlegend=fill is not None, name="10th to 90th percentile")
    figure.add_scatter(x=x, y=some["mean"], mode="lines", name="mean", hoverinfo="skip",
                       line={"color": _COLOUR, "width": 1.5, "dash": "dot"})
    picks = [ranged(kind, low, np.inf if high >= (1.0 if relative else np.inf) else high)
             for low, high in zip(some["low"], some["high"], strict=True)]
    figure.add_scatter(
        x=x, y=some["median"], mode="lines+markers", name="median", line={"color": _COLOUR, "width": 2.5},
        marker={"size": 9},
        **choosable(picks, [_words(low, high, times) for low, high in zip(some["low"], some["high"], strict=True)],
                    some["count"], some["mean"], some["p10"], some["p90"]),
        hovertemplate="%{customdata[0]}<br>median %{y:.4g}, mean %{customdata[2]:.4g}<br>10th to 90th percentile "
                      "%{customdata[3]:.4g} to %{customdata[4]:.4g}<br>%{customdata[1]:,} tokens<extra></extra>")
    figure.update_xaxes(title="Position in the response (%)" if relative else "Response tokens before it")
    log = len(some) > 0 and bool((some["p10"] > 0).all()) and some["p90"].max() / some["p10"].min() > 20
    figure.update_yaxes(title=f"{title} ({unit})", nticks=6, **(_LOG if log else {}))
    ends = f": median {some['median'].iloc[0]:.4g} in the first, {some['median'].iloc[-1]:.4g} in the last bin" \
        if len(some) else ": none"
    return finished(figure, title, f"{title} by position in the response{ends}.", height=330)


def _words(low: float, high: float, times: float) -> str:
    if times > 1:
        return f"{times * low:.0f} to {times * high:.0f} % of the response"
    return f"tokens {low + 1:.0f} to {high:.0f}" if np.isfinite(high) else f"tokens from {low + 1:.0f} on"
