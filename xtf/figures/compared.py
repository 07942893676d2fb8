"""What a second setting newly drops and what it rescues, as bars to the left and to the right. Pure Plotly figures."""

from typing import Any

import plotly.graph_objects as go

from xtf.config import ATTRIBUTES
from xtf.figures.drawing import PATTERN, SHORT, finished
from xtf.words import count

NEWLY_DROPPED, RESCUED = "#b3568a", "#2f86bd"  # 3:1 on both pages
_KINDS = (("newly_dropped", "newly dropped", NEWLY_DROPPED, -1), ("rescued", "rescued", RESCUED, 1))
_ROW = 34  # pixels
_FEWEST = 3  # rows that there is room for: a single bar would be as thick as all of them


def by_reason(found: dict[str, Any]) -> go.Figure:
    """Changed tokens by the attribute that drops them under B, or dropped them under A. `found`: of `difference`."""
    names = [name for name in found["reasons"]["newly_dropped"] if name in ATTRIBUTES or any(
        found["reasons"][kind][name] for kind, *_ in _KINDS)]
    labels = [SHORT[name.removeprefix("by_")] for name in names]
    return _bars(labels, {kind: [found["reasons"][kind][name] for name in names] for kind, *_ in _KINDS},
                 "By reason", "Changed tokens by reason")


def by_role(found: dict[str, Any]) -> go.Figure:
    """Changed tokens by the role that they play in the text, roles without any left out."""
    names = [name for name, part in found["roles"].items() if part["newly_dropped"] or part["rescued"]]
    return _bars(names, {kind: [found["roles"][name][kind] for name in names] for kind, *_ in _KINDS},
                 "By role in the text", "Changed tokens by role in the text")


def _bars(labels: list[str], counts: dict[str, list[int]], title: str, said: str) -> go.Figure:
    figure = go.Figure(layout={"barmode": "relative", "bargap": 0.35})
    for kind, words, colour, side in _KINDS:
        figure.add_bar(
            y=labels, x=[side * number for number in counts[kind]], orientation="h", name=words,
            text=[count(number) if number else "" for number in counts[kind]], textposition="outside",
            customdata=[[count(number)] for number in counts[kind]], cliponaxis=False,
            marker={"color": colour, "pattern": PATTERN if side < 0 else None, "line": {"width": 0}},
            hovertemplate=f"%{{y}}: %{{customdata[0]}} {words}<extra></extra>")
    left, right = (max([0, *counts[kind]]) for kind, *_ in _KINDS)
    room = 0.2 * max(left + right, 1)  # for the numbers at the ends
    figure.update_xaxes(range=[-left - room, right + room], showticklabels=False)
    rows = max(_FEWEST, len(labels))
    figure.update_yaxes(range=[rows - 0.5, -0.5])
    figure.add_vline(0, line={"width": 1, "color": "#807c74"})
    told = "; ".join(f"{label}: {count(gone)} newly dropped, {count(back)} rescued" for label, gone, back in zip(
        labels, counts["newly_dropped"], counts["rescued"], strict=True))
    return finished(figure, title, f"{said}: {told or 'none'}.", height=110 + _ROW * rows)
