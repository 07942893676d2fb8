"""Read-outs of the whole dataset for the page Dataset, cached by the run's identity and the thresholds as text."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from xtf import picks, profile
from xtf.columns import TOKEN_COLUMNS
from xtf.config import Thresholds
from xtf.figures import scores
from xtf.profile import Correlations, PEntropy
from xtf.runs import Run
from xtf.ui import loaders
from xtf.ui.loaders import Identity


def by_role(run: Run, thresholds: Thresholds) -> np.ndarray:
    """`profile.by_role` at these thresholds. Raises: SettingsError."""
    return _by_role(loaders.identity(run), thresholds.model_dump_json())


def p_entropy(run: Run, thresholds: Thresholds) -> PEntropy:
    """`profile.p_entropy` at these thresholds. Raises: SettingsError, StoreError."""
    return _p_entropy(loaders.identity(run), thresholds.model_dump_json())


def by_position(run: Run, column: str, relative: bool) -> pd.DataFrame:
    """`profile.by_position` of a stored score. Raises: StoreError."""
    return _by_position(loaders.identity(run), column, relative)


def correlations(run: Run, thresholds: Thresholds) -> Correlations:
    """`profile.correlations` at these thresholds. Raises: SettingsError."""
    return _correlations(loaders.identity(run), thresholds.model_dump_json())


def score_histogram(run: Run, thresholds: Thresholds, name: str) -> go.Figure:
    """Response tokens by one attribute's score, with its threshold. Raises: SettingsError."""
    return _score_histogram(loaders.identity(run), thresholds.model_dump_json(), name)


def matching(run: Run, thresholds: Thresholds, pick: str) -> np.ndarray:
    """`picks.matching` at these thresholds. Raises: SettingsError, StoreError."""
    return _matching(loaders.identity(run), thresholds.model_dump_json(), pick)


@st.cache_resource(max_entries=8, show_spinner=False)
def _by_role(run: Identity, thresholds: str) -> np.ndarray:
    return profile.by_role(loaders.opened(run), loaders.judged(run, thresholds))


@st.cache_resource(max_entries=8, show_spinner=False)
def _p_entropy(run: Identity, thresholds: str) -> PEntropy:
    return profile.p_entropy(loaders.opened(run), loaders.judged(run, thresholds))


@st.cache_resource(max_entries=16, show_spinner=False)
def _by_position(run: Identity, column: str, relative: bool) -> pd.DataFrame:
    table = loaders.opened(run)
    edges = None if relative else profile.position_edges(table)
    return profile.by_position(table, table.column(column), edges)


@st.cache_resource(max_entries=8, show_spinner=False)
def _correlations(run: Identity, thresholds: str) -> Correlations:
    return profile.correlations(loaders.opened(run), loaders.judged(run, thresholds))


@st.cache_data(max_entries=12, show_spinner=False)
def _score_histogram(run: Identity, thresholds: str, name: str) -> go.Figure:
    column = TOKEN_COLUMNS[Thresholds.model_validate_json(thresholds).reasoning_score]
    title, unit = {"reasoning": (column.title.partition(",")[0], column.unit), "novelty": ("Probability p", ""),
                   "relevance": ("Relevance", "")}[name]
    found = loaders.judged(run, thresholds).attributes[name]
    return scores.score_histogram(found.values, found.limits, title, unit, name=name, fails=found.fails)


@st.cache_resource(max_entries=8, show_spinner=False)
def _matching(run: Identity, thresholds: str, pick: str) -> np.ndarray:
    return picks.matching(loaders.opened(run), loaders.judged(run, thresholds), pick)
