"""Verdicts by the part that tokens play in the text. A pure Plotly figure."""

import numpy as np
import plotly.graph_objects as go

from xtf.config import ATTRIBUTES
from xtf.figures.drawing import PATTERN, SHORT, choosable, faint, finished, percent_of
from xtf.figures.palette import ATTRIBUTES as COLOURS
from xtf.figures.palette import NEUTRAL
from xtf.profile import verdict_shares

#: Verdicts that share all response tokens out between them, in the order in which they are stacked.
VERDICTS = {"kept": "Kept", **{f"only-{name}": f"{SHORT[name]} alone" for name in ATTRIBUTES},
            "several": "Several reasons", "hand": "By hand", "strategy": "By the strategy"}


def roles(by_bits: np.ndarray) -> go.Figure:
    """Share of each verdict among the response tokens of each role, stacked. by_bits: int64[8, 32], as
    `profile.by_role` gives it."""
    found = verdict_shares(by_bits)
    labels = [f"{role} ({tokens:,})" for role, tokens in zip(found["role"], found["tokens"], strict=True)]
    figure = go.Figure(layout={"barmode": "stack", "bargap": 0.25})
    for verdict, label in VERDICTS.items():
        counts = found[verdict].tolist()
        if verdict in ("hand", "strategy") and not any(counts):
            continue
        shares = [percent_of([count], tokens)[0] for count, tokens in zip(counts, found["tokens"], strict=True)]
        figure.add_bar(
            y=labels, x=shares, orientation="h", name=label, marker=_look(verdict),
            **choosable([f"role:{role}:{verdict}" for role in found["role"]], found["role"], counts, found["tokens"]),
            hovertemplate=f"%{{customdata[0]}}, {label.lower()}<br>%{{customdata[1]:,}} of %{{customdata[2]:,}} tokens,"
                          " %{x:.2f} %<extra></extra>")
    figure.update_xaxes(title="Share of the class's response tokens (%)", range=[0, 100])
    figure.update_yaxes(title="Class (response tokens)", autorange="reversed")
    figure.update_layout(legend_traceorder="normal")
    told = "; ".join(f"{role} {tokens:,}, {100 * gone / tokens:.1f} % dropped" for role, tokens, gone
                     in zip(found["role"], found["tokens"], found["dropped"], strict=True))
    return finished(figure, "Verdicts by class of token", f"Response tokens by class and verdict: {told or 'none'}.",
                    height=120 + 32 * max(len(found), 3))


_SHAPES = {"reasoning": "|", "novelty": "", "relevance": ".", "several": "/", "hand": "x", "strategy": "-"}


def _look(verdict: str) -> dict[str, object]:
    name = verdict.removeprefix("only-")
    if verdict == "kept":
        return {"color": faint(NEUTRAL, 0.3)}
    return {"color": COLOURS.get(name, NEUTRAL), "pattern": PATTERN | {"shape": _SHAPES[name]}}
