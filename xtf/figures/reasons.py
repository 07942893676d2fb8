"""What is dropped, for which reasons, and where reasons meet. Pure Plotly figures."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from xtf.config import ATTRIBUTES
from xtf.figures.drawing import PATTERN, SHORT, choosable, finished, percent_of
from xtf.figures.palette import ATTRIBUTES as COLOURS
from xtf.figures.palette import NEUTRAL
from xtf.profile import combinations_of, totals_of

#: What the paper reports for GSM8K and DeepSeek-R1-distill-Qwen-1.5B, % of response tokens.
PAPER = {"reasoning": 1.69, "novelty": 13.86, "relevance": 19.33}
PAPER_UNION = 26.3
PAPER_OVERLAP = 58.3  # % of what novelty drops that relevance drops too, its largest overlap of two
PAPER_IS = "GSM8K, DeepSeek-R1-distill-Qwen-1.5B"


def dropped_bar(summary: dict[str, Any]) -> go.Figure:
    """Share of the response tokens that each attribute drops, and drops alone. `summary` is `stats.summary`'s."""
    figure = go.Figure(layout={"barmode": "group", "bargap": 0.35, "bargroupgap": 0.08})
    names = list(reversed(ATTRIBUTES))
    for key, label, pattern in (("alone", "by it alone", PATTERN), ("dropped", "in all", None)):
        counts = [summary["attributes"][name][key] for name in names]
        shares = percent_of(counts, summary["trainable"])
        figure.add_bar(
            y=[SHORT[name] for name in names], x=shares, orientation="h", name=label, customdata=counts,
            marker={"color": [COLOURS[name] for name in names], "pattern": pattern},
            text=[f"{share:.1f} %" for share in shares], textposition="outside", cliponaxis=False,
            hovertemplate=f"%{{y}}, {label}<br>%{{customdata:,}} tokens, %{{x:.2f}} %<extra></extra>")
    figure.update_xaxes(title="Share of response tokens (%)", rangemode="tozero")
    figure.update_layout(legend_traceorder="reversed")
    told = "; ".join(f"{SHORT[name]} {summary['attributes'][name]['dropped']:,} tokens, "
                     f"{summary['attributes'][name]['alone']:,} alone" for name in ATTRIBUTES)
    return finished(figure, "Dropped by each attribute", f"Dropped by each attribute: {told}.")


def upset(by_bits: np.ndarray, *, paper: bool = True) -> go.Figure:
    """UpSet plot: how many tokens are dropped by exactly which reasons, above a matrix of these, beside each reason's
    total as a share of the response tokens; `paper`: with the paper's totals.

    by_bits: int64[..., 32], response tokens by verdict bits (`profile.by_role`). Hand and strategy only if any.
    """
    combined, totals, whole = combinations_of(by_bits), totals_of(by_bits), int(by_bits.sum())
    names = [name for name in SHORT if name in ATTRIBUTES or totals[name]]
    figure = make_subplots(2, 2, column_widths=[0.27, 0.73], row_heights=[0.6, 0.4], horizontal_spacing=0.14,
                           vertical_spacing=0.04, specs=[[None, {}], [{}, {}]])
    _intersections(figure, combined, whole)
    _matrix(figure, combined, names)
    _totals(figure, names, totals, whole, paper)
    told = "; ".join(f"{_exactly(these)} {count:,}" for these, count in combined)
    return finished(figure, "Dropped for exactly these reasons",
                    f"UpSet plot. Tokens dropped by exactly: {told}.", height=380)


def _intersections(figure: go.Figure, combined: list[tuple[tuple[str, ...], int]], whole: int) -> None:
    counts = [count for _, count in combined]
    figure.add_bar(
        x=list(range(len(combined))), y=counts, showlegend=False, text=[f"{count:,}" for count in counts],
        textposition="outside", cliponaxis=False, marker={"color": [_colour(names) for names, _ in combined]},
        **choosable([_pick(names) for names, _ in combined], [_exactly(names) for names, _ in combined],
                    percent_of(counts, whole)),
        hovertemplate="%{customdata[0]}<br>%{y:,} tokens, %{customdata[1]:.2f} % of response tokens<extra></extra>",
        row=1, col=2)
    figure.update_xaxes(visible=False, range=[-0.6, len(combined) - 0.4], row=1, col=2)
    figure.update_yaxes(title="Tokens, exactly these", rangemode="tozero", nticks=5, row=1, col=2)


def _matrix(figure: go.Figure, combined: list[tuple[tuple[str, ...], int]], names: list[str]) -> None:
    """A column of dots for each bar: filled where the reason counts, joined by a line."""
    cells = [(column, row) for column in range(len(combined)) for row in range(len(names))]
    figure.add_scatter(x=[column for column, _ in cells], y=[row for _, row in cells], mode="markers", hoverinfo="skip",
                       marker={"color": NEUTRAL, "size": 9, "opacity": 0.25}, showlegend=False, row=2, col=2)
    for column, (these, _) in enumerate(combined):
        rows = [names.index(name) for name in these]
        figure.add_scatter(x=[column] * 2, y=[min(rows), max(rows)], mode="lines", hoverinfo="skip", showlegend=False,
                           line={"color": NEUTRAL, "width": 2.5}, row=2, col=2)
    dots = [(column, names.index(name), name, these) for column, (these, _) in enumerate(combined) for name in these]
    figure.add_scatter(
        x=[dot[0] for dot in dots], y=[dot[1] for dot in dots], mode="markers", showlegend=False,
        marker={"color": [COLOURS.get(dot[2], NEUTRAL) for dot in dots], "size": 13},
        **choosable([_pick(dot[3]) for dot in dots], [_exactly(dot[3]) for dot in dots]),
        hovertemplate="%{customdata[0]}<extra></extra>", row=2, col=2)
    figure.update_xaxes(title="Combination of reasons", showticklabels=False, range=[-0.6, len(combined) - 0.4], row=2,
                        col=2)
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=[SHORT[name] for name in names], showgrid=False,
                        range=[len(names) - 0.4, -0.6], row=2, col=2)


def _totals(figure: go.Figure, names: list[str], totals: dict[str, int], whole: int, paper: bool) -> None:
    rows, counts = list(range(len(names))), [totals[name] for name in names]
    shares = percent_of(counts, whole)
    figure.add_bar(
        x=shares, y=rows, orientation="h", showlegend=False, width=0.6,
        marker={"color": [COLOURS.get(name, NEUTRAL) for name in names]},
        **choosable([f"reason:{name}" for name in names], [SHORT[name] for name in names], counts),
        hovertemplate="%{customdata[0]}, in all<br>%{customdata[1]:,} tokens, %{x:.2f} %<extra></extra>", row=2, col=1)
    if paper:
        known = [name for name in names if name in PAPER]
        figure.add_scatter(
            x=[PAPER[name] for name in known], y=[names.index(name) for name in known], mode="markers",
            name="the paper (GSM8K)",
            marker={"symbol": "diamond", "size": 10, "color": "white", "line": {"width": 2, "color": "#3f3c38"}},
            hovertemplate=f"%{{x:.2f}} % in the paper<br>{PAPER_IS}<extra></extra>", row=2, col=1)
    figure.update_xaxes(title="In all (%)", autorange="reversed", rangemode="tozero", row=2, col=1)
    figure.update_yaxes(showticklabels=False, showgrid=False, range=[len(names) - 0.4, -0.6], row=2, col=1)


def _pick(names: tuple[str, ...]) -> str:
    return f"reasons:{'+'.join(names)}"


def _colour(names: tuple[str, ...]) -> str:
    return COLOURS.get(names[0], NEUTRAL) if len(names) == 1 else NEUTRAL


def _exactly(names: tuple[str, ...]) -> str:
    return f"{SHORT[names[0]]} alone" if len(names) == 1 else " and ".join(SHORT[name] for name in names)
