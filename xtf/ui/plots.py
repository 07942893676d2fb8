"""Figures of a run on the page, cached by the run's identity and the thresholds."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from xtf import stats
from xtf.columns import TOKEN_COLUMNS
from xtf.config import Thresholds
from xtf.figures import charts
from xtf.runs import Run
from xtf.ui import loaders
from xtf.ui.loaders import Identity
from xtf.words import TITLES

_STEPS = 41
SWEPT = {"cutoff": "cutoff", "quantile": "share that is dropped", "fence": "width of the fence (× IQR)"}


def show(figure: go.Figure, key: str) -> None:
    """Draws a figure in the page's theme, with its content in words for screen readers."""
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=charts.alt(figure))


def histogram(run: Run, thresholds: Thresholds, name: str) -> go.Figure:
    """Response tokens by one score, with the threshold. Raises: SettingsError."""
    return _histogram(loaders.identity(run), thresholds.model_dump_json(), name)


def sweep(run: Run, thresholds: Thresholds, name: str) -> go.Figure:
    """Kept share against one attribute's threshold, whose rule is one of SWEPT. Raises: SettingsError."""
    return _sweep(loaders.identity(run), thresholds.model_dump_json(), name)


@st.cache_data(max_entries=12, show_spinner=False)
def _histogram(run: Identity, thresholds: str, name: str) -> go.Figure:
    chosen = Thresholds.model_validate_json(thresholds)
    found = loaders.judged(run, thresholds).attributes[name]
    column = TOKEN_COLUMNS[chosen.reasoning_score]
    # The card is narrow: which layers it is over stands in the control beneath.
    title, unit = {"reasoning": (column.title.partition(",")[0], column.unit), "novelty": ("Probability p", ""),
                   "relevance": ("Relevance", "")}[name]
    figure = charts.score_histogram(found.values, found.limits, title, unit, name=name, fails=found.fails)
    return figure.update_layout(title=None, height=210, margin={"t": 30}, xaxis_title_font_size=12,
                                yaxis_title=None)


@st.cache_data(max_entries=6, show_spinner=False)
def _sweep(run: Identity, thresholds: str, name: str) -> go.Figure:
    chosen = Thresholds.model_validate_json(thresholds)
    rule = getattr(chosen, name)
    field = stats.SWEPT[rule.kind]
    now = float(getattr(rule, field))
    found = stats.sweep(loaders.opened(run), chosen, name, _range(rule.kind, name, now, run, thresholds))
    known = (name, rule.kind) == ("novelty", "cutoff")
    title = "p above which a token counts as known" if known else f"{TITLES[name]}: {SWEPT[rule.kind]}"
    figure = charts.sweep_line(found, title, name=name, now=now)
    if now < found["value"].mean():  # else the label of the present value would lie on the axis
        figure.update_traces(textposition="top right", selector={"mode": "markers+text"})
    return figure


def _range(kind: str, name: str, now: float, run: Identity, thresholds: str) -> list[float]:
    """Thresholds to try: the whole range of a probability or share, else up to twice the present one or the scores'."""
    if kind == "quantile" or (name == "novelty" and kind == "cutoff"):
        ends = (0.0, 1.0) if kind == "cutoff" else (0.0, max(0.2, 2 * now))
    elif kind == "fence":
        ends = (0.0, max(3.0, 2 * now))
    else:
        values = loaders.judged(run, thresholds).attributes[name].values
        known = values[np.isfinite(values)]
        ends = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return [*np.linspace(*ends, _STEPS).tolist()]
