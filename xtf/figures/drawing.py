"""What all Plotly figures share. Backgrounds are transparent and fonts are left to the page's theme, so that every
figure reads in light and dark. Pure: no Streamlit, nothing is read or kept.

Marks that can be selected carry a pick (`xtf.selection`) as the last of their custom data (`choosable`).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from xtf.selection import covers

HEIGHT = 300  # pixels
SHORT = {"reasoning": "Reasoning", "novelty": "Novelty", "relevance": "Relevance", "hand": "By hand",
         "strategy": "By the strategy"}
PATTERN = {"shape": "/", "size": 6, "solidity": 0.35, "fgcolor": "white", "fillmode": "overlay"}
PALE = 0.45
_CHOOSABLE = "choosable"


def alt(figure: go.Figure) -> str:
    """The figure in a sentence, for screen readers."""
    return str(figure.layout.meta["alt"])


def finished(figure: go.Figure, title: str, sentence: str, height: int = HEIGHT) -> go.Figure:
    """The figure with its title, its content in a sentence, and the manners of all."""
    figure.update_layout(
        title={"text": title, "x": 0, "font": {"size": 15}}, meta={"alt": sentence}, height=height,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", hovermode="closest", dragmode=False,
        margin={"l": 10, "r": 30, "t": 60, "b": 10},
        legend={"orientation": "h", "xref": "container", "x": 1, "xanchor": "right", "yref": "container", "y": 1,
                "yanchor": "top"})
    # Where marks can be clicked, Streamlit lets a drag move the axes; nothing here is found by moving them.
    figure.update_xaxes(automargin=True, showgrid=False, zeroline=False, fixedrange=True)
    figure.update_yaxes(automargin=True, zeroline=False, fixedrange=True)
    return figure


def choosable(picks: Sequence[str], *words: Sequence[Any]) -> dict[str, Any]:
    """Properties of a trace whose marks can be selected: their picks, after so many columns of other custom data."""
    return {"meta": _CHOOSABLE, "customdata": [list(row) for row in zip(*words, picks, strict=True)],
            "selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": PALE}}}


def picks_of(figure: go.Figure) -> list[str]:
    """The picks of all marks that can be selected, each once, in the order in which they were drawn."""
    return list(dict.fromkeys(row[-1] for trace in _choosable(figure) for row in trace.customdata))


def marked(figure: go.Figure, pick: str | None) -> go.Figure:
    """The figure with all marks pale but those that belong to a pick, if there are any. Raises: SettingsError.

    Not by Plotly's own `selectedpoints`: a click on one of these takes it back in the browser only, and tells nobody.
    """
    traces = list(_choosable(figure)) if pick is not None else []
    found = [[covers(str(pick), row[-1]) for row in trace.customdata] for trace in traces]
    if any(map(any, found)):
        for trace, belongs in zip(traces, found, strict=True):
            pale = trace.unselected.marker.opacity
            trace.marker.opacity = [1 if here else pale for here in belongs]
    return figure


def _choosable(figure: go.Figure) -> Iterator[Any]:
    return (trace for trace in figure.data if trace.meta == _CHOOSABLE and trace.customdata is not None)


def percent_of(counts: Sequence[int], whole: int) -> list[float]:
    return [100 * count / whole if whole else 0.0 for count in counts]


def bin_words(edges: np.ndarray) -> list[str]:
    """`0.1 to 0.2` for each bin; one that is open above is told as such."""
    return [f"{low:.4g} to {high:.4g}" if np.isfinite(high) else f"{low:.4g} and more" for low, high in pairwise(edges)]


def faint(colour: str, opacity: float) -> str:
    """#rrggbb with that opacity."""
    red, green, blue = (int(colour[place:place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:.3g})"
