"""Examples by how much of them is kept. A pure Plotly figure."""

from itertools import pairwise
from math import inf

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xtf.figures.drawing import choosable, finished
from xtf.figures.palette import NEUTRAL
from xtf.selection import ranged

_EDGES = np.arange(21) / 20


def kept_share_histogram(by_example: pd.DataFrame) -> go.Figure:
    """Examples by the share of their response tokens that is kept. `by_example` is `stats.by_example`'s."""
    shares = by_example.loc[by_example["trainable"] > 0, "kept_share"].to_numpy()
    counts = np.bincount(np.searchsorted(_EDGES[1:-1], shares, side="right"), minlength=len(_EDGES) - 1)
    figure = go.Figure(layout={"bargap": 0.04})
    words = [f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in pairwise(_EDGES)]
    picks = [ranged("kept", *ends) for ends in pairwise([*_EDGES[:-1].tolist(), inf])]
    figure.add_bar(x=50 * (_EDGES[:-1] + _EDGES[1:]), y=counts, width=94 * np.diff(_EDGES), showlegend=False,
                   marker={"color": NEUTRAL}, **choosable(picks, words),
                   hovertemplate="%{customdata[0]} kept<br>%{y:,} examples<extra></extra>")
    figure.update_xaxes(title="Kept share of an example's response tokens (%)", range=[0, 100])
    figure.update_yaxes(title="Examples")
    told = f"median {100 * np.median(shares):.1f} %" if len(shares) else "none"
    return finished(figure, "Examples by kept share", f"{len(shares):,} examples by kept share; {told}.")
