"""How scores go together. A pure Plotly figure."""

import numpy as np
import plotly.graph_objects as go

from xtf.figures.drawing import faint, finished
from xtf.profile import Correlations

LABELS = {"reasoning": "Reasoning", "p": "p (novelty)", "relevance": "Relevance", "entropy": "Entropy",
          "position": "Position", "length": "Length"}
_NEGATIVE, _POSITIVE = "#d55e00", "#0072b2"
_SCALE = [(0.0, faint(_NEGATIVE, 0.6)), (0.5, faint(_NEGATIVE, 0.0)), (0.5, faint(_POSITIVE, 0.0)),
          (1.0, faint(_POSITIVE, 0.6))]  # never so dark that the page's text cannot be read on it


def correlation(found: Correlations) -> go.Figure:
    """Spearman's ρ of each pair of numbers, as a lower triangle of cells with the number in each."""
    labels = [LABELS[name] for name in found.names]
    size = len(labels)
    cells = [(row, column) for row in range(1, size) for column in range(row)]
    matrix = np.full((size, size), np.nan)
    for cell in cells:
        matrix[cell] = found.matrix[cell]
    figure = go.Figure()
    figure.add_heatmap(x=labels[:-1], y=labels[1:], z=matrix[1:, :-1], zmin=-1, zmax=1, colorscale=_SCALE, xgap=2,
                       ygap=2, colorbar={"title": "Spearman's ρ", "thickness": 14, "outlinewidth": 0,
                                         "tickvals": [-1, -0.5, 0, 0.5, 1]},
                       hovertemplate="%{y} and %{x}<br>ρ = %{z:.3f}<extra></extra>", hoverongaps=False)
    figure.add_scatter(x=[labels[column] for _, column in cells], y=[labels[row] for row, _ in cells], mode="text",
                       text=[_text(matrix[cell]) for cell in cells], hoverinfo="skip", showlegend=False)
    figure.update_xaxes(title="Per token")
    figure.update_yaxes(autorange="reversed", showgrid=False, title="Per token")
    told = "; ".join(f"{labels[row]} and {labels[column]} {_text(matrix[row, column])}" for row, column in cells)
    drawn = "a sample of " if found.sampled else ""
    return finished(figure, f"Spearman's rank correlation, n = {found.tokens:,} tokens",
                    f"Rank correlations over {drawn}{found.tokens:,} tokens: {told}.", height=400)


def _text(value: float) -> str:
    return "" if np.isnan(value) else f"{value:+.2f}".replace("-", "−")
