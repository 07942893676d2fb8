"""The report's figures, each with its title, its sentence and its numbers."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from xtf import profile
from xtf.columns import TOKEN_COLUMNS
from xtf.config import ATTRIBUTES
from xtf.figures import correlation, drawing, kept, p_entropy, parts, position, reasons, scores
from xtf.filters import Verdicts
from xtf.report.numbers import Numbers, of_bars, of_correlations, of_map, of_positions, of_reasons
from xtf.store import ScoreTable


class Figure(NamedTuple):
    """One figure of the report. `plot` is Plotly's own JSON, without the title, which the page gives as a heading."""

    name: str
    title: str
    alt: str
    plot: dict[str, Any]
    numbers: Numbers


def figures(table: ScoreTable, verdicts: Verdicts, summary: dict[str, Any], by_example: pd.DataFrame) \
        -> Iterator[Figure]:
    """All figures in the order of the page; none for a run without response tokens. Those of a score that the run does
    not hold are left out."""
    if not summary["trainable"]:
        return
    by_role = profile.by_role(table, verdicts)
    yield _bars("dropped", reasons.dropped_bar(summary))
    yield _figure("reasons", reasons.upset(by_role, paper=False), of_reasons(by_role))
    yield _bars("kept", kept.kept_share_histogram(by_example))
    yield _bars("roles", parts.roles(by_role))
    yield from _scores(verdicts)
    if "entropy" in table.score_names:
        rule, found = verdicts.thresholds.novelty, profile.p_entropy(table, verdicts)
        drawn = p_entropy.p_entropy(found, cutoff=rule.value if rule.kind == "cutoff" else None)
        yield _figure("map", drawn, of_map(found))
    yield from _positions(table, verdicts)
    together = profile.correlations(table, verdicts)
    if len(together.names) > 1:
        yield _figure("correlation", correlation.correlation(together), of_correlations(together))


def _scores(verdicts: Verdicts) -> Iterator[Figure]:
    column = TOKEN_COLUMNS[verdicts.thresholds.reasoning_score]
    titles = {"reasoning": (column.title, column.unit), "novelty": ("Probability p (novelty)", ""),
              "relevance": ("Relevance", "")}
    for name in ATTRIBUTES:
        found = verdicts.attributes[name]
        if found.scores.counts.any():
            yield _bars(name, scores.score_histogram(found.values, found.limits, *titles[name], name=name,
                                                     fails=found.fails))


def _positions(table: ScoreTable, verdicts: Verdicts) -> Iterator[Figure]:
    """The reasoning score along the response, as it is and position-adjusted, so that an effect of it is seen."""
    base = verdicts.thresholds.reasoning_score.removesuffix("_adjusted")
    for name in (base, f"{base}_adjusted"):
        if name in table.score_names and pd.notna(table.column(name)).any():
            column, found = TOKEN_COLUMNS[name], profile.by_position(table, table.column(name))
            drawn = position.by_position(found, column.title.partition(",")[0], column.unit, relative=True)
            drawn.update_layout(title=f"{column.title}, along the response")
            yield _figure(f"position-{name}", drawn, of_positions(found))


def _bars(name: str, drawn: go.Figure) -> Figure:
    return _figure(name, drawn, of_bars(drawn))


def _figure(name: str, drawn: go.Figure, found: Numbers) -> Figure:
    # The template is Plotly's light one: colours of text and lines are the page's (assets/report/report.css).
    plot = go.Figure(drawn).update_layout(template="none", title=None, margin={"t": 40})
    return Figure(name, str(drawn.layout.title.text), drawing.alt(drawn), plot.to_plotly_json(), found)
