"""What figures draw, as tables for those who cannot see them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xtf.figures.correlation import LABELS
from xtf.figures.drawing import SHORT
from xtf.profile import Correlations, PEntropy, combinations_of
from xtf.words import count, percent

MOST = 200  # rows of a table


class Numbers(NamedTuple):
    """A table: names of its columns, the first being the place, and rows of text. left_out: rows beyond MOST."""

    columns: list[str]
    rows: list[list[str]]
    left_out: int = 0


def of_bars(figure: go.Figure) -> Numbers:
    """One row for each place of a bar chart, one column for each series. Bins are named by their ends, which they carry
    as the first of their custom data."""
    rows: dict[str, dict[str, str]] = {}
    names = [trace.name or _title(figure, not _sideways(trace)) for trace in figure.data]
    for trace, name in zip(figure.data, names, strict=True):
        for place, value in _bars(trace):
            rows.setdefault(place, {})[name] = value
    series = list(dict.fromkeys(names))
    return _cut([_title(figure, _sideways(figure.data[0])) or "Bar", *series],
                [[place, *(values.get(name, "") for name in series)] for place, values in rows.items()])


def of_reasons(by_bits: np.ndarray) -> Numbers:
    """Tokens dropped by exactly each combination of reasons. by_bits: int64[..., 32], as `profile.by_role` gives it."""
    whole = max(int(by_bits.sum()), 1)
    return _cut(["Dropped by exactly", "Tokens", "Share of response tokens"],
                [[" and ".join(SHORT[name] for name in names), count(tokens), percent(tokens / whole, 2)]
                 for names, tokens in combinations_of(by_bits)])


def of_map(found: PEntropy) -> Numbers:
    """The cells of the map that hold tokens, the fullest first."""
    rows = np.argwhere(found.every > 0)
    order = np.argsort(-found.every[tuple(rows.T)], kind="stable")
    return _cut(["p", "Entropy (nats)", "Tokens", "Dropped"],
                [[_span(found.p_edges, column), _span(found.entropy_edges, row), count(found.every[row, column]),
                  count(found.dropped[row, column])] for row, column in rows[order]])


def of_positions(found: pd.DataFrame) -> Numbers:
    """One row for each stretch of the response. `found`: of `profile.by_position`, in shares of the response."""
    shown = {"p10": "10th percentile", "median": "Median", "mean": "Mean", "p90": "90th percentile"}
    return _cut(["Position in the response", "Tokens", *shown.values()],
                [[f"{100 * row['low']:.0f} to {100 * row['high']:.0f} %", count(row["count"]),
                  *(_written(float(row[name])) for name in shown)] for _, row in found.iterrows()])


def of_correlations(found: Correlations) -> Numbers:
    """Spearman's ρ of each pair."""
    return _cut(["Pair", "Spearman's ρ"],
                [[f"{LABELS[found.names[row]]} and {LABELS[found.names[column]]}",
                  _written(float(found.matrix[row, column]))]
                 for row in range(1, len(found.names)) for column in range(row)])


def _cut(columns: list[str], rows: list[list[str]]) -> Numbers:
    return Numbers(columns, rows[:MOST], max(0, len(rows) - MOST))


def _bars(trace: Any) -> Iterator[tuple[str, str]]:
    """(place, value) of each bar, in words."""
    places, values = _listed(trace.y), _listed(trace.x)
    if not _sideways(trace):
        places, values = values, places
    told = _listed(trace.customdata)
    if len(told) == len(places) and all(isinstance(words, list) and isinstance(words[0], str) for words in told):
        places = [words[0] for words in told]
    yield from ((_written(place), _written(value)) for place, value in zip(places, values, strict=True))


def _sideways(trace: Any) -> bool:
    return bool(trace.orientation == "h")


def _title(figure: go.Figure, vertical: bool) -> str:
    return str((figure.layout.yaxis if vertical else figure.layout.xaxis).title.text or "")


def _listed(values: Any) -> list[Any]:
    return [] if values is None else [value.tolist() if isinstance(value, np.generic | np.ndarray) else value
                                      for value in values]


def _span(edges: Sequence[float] | np.ndarray, place: int) -> str:
    low, high = edges[place], edges[place + 1]
    return f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more"


def _written(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
