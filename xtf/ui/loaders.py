"""What pages read, cached by a run's identity and by thresholds as text. Arrays are shared and never written to."""

from typing import Any

import pandas as pd
import streamlit as st

from xtf import difference as differences
from xtf import runs, stats, strategies, workspace
from xtf.config import PRESETS, Thresholds
from xtf.errors import SettingsError
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.store import Manifest, ScoreTable

Identity = tuple[str, str, str, int, str]


def identity(run: Run) -> Identity:
    """What a cached value of a run is kept under: two runs of one name differ in id or date, one that is still being
    scored in how far it has come, and a finished one in what was added to it."""
    manifest, partial = run.manifest, run.partial
    return manifest.name, manifest.run_id, manifest.created, partial.shards if partial else -1, run.added.stamp


def browsable_runs() -> list[Manifest]:
    """Runs that can be looked at, newest first: finished ones, and others as far as their last checkpoint goes."""
    return [manifest for manifest in runs.list_runs()
            if manifest.complete or Run(workspace.runs_dir() / manifest.name).partial]


def table(run: Run) -> ScoreTable:
    """The scored tokens, memory-mapped once for all sessions. Raises: StoreError."""
    return opened(identity(run))


def verdicts(run: Run, thresholds: Thresholds) -> Verdicts:
    """Every token's verdict. Raises: SettingsError for thresholds that this run cannot be judged by."""
    return judged(identity(run), thresholds.model_dump_json())


def summary(run: Run, thresholds: Thresholds) -> dict[str, Any]:
    """`stats.summary` at these thresholds. Raises: SettingsError."""
    return _summary(identity(run), thresholds.model_dump_json())


def by_example(run: Run, thresholds: Thresholds) -> pd.DataFrame:
    """`stats.by_example` at these thresholds. Raises: SettingsError."""
    return _by_example(identity(run), thresholds.model_dump_json())


def top_dropped(run: Run, thresholds: Thresholds) -> pd.DataFrame:
    """`stats.top_dropped` at these thresholds. Raises: SettingsError."""
    return _top_dropped(identity(run), thresholds.model_dump_json())


def difference(run: Run, a: Thresholds, b: Thresholds) -> dict[str, Any]:
    """`difference.compare` of two settings. Raises: SettingsError."""
    return _difference(identity(run), a.model_dump_json(), b.model_dump_json())


def preset_summaries(run: Run) -> dict[str, dict[str, Any] | str]:
    """`stats.summary` of every preset, or the sentence why the run cannot be judged by it."""
    found: dict[str, dict[str, Any] | str] = {}
    for name, (_, thresholds) in PRESETS.items():
        try:
            found[name] = summary(run, thresholds)
        except SettingsError as error:
            found[name] = str(error)
    return found


@st.cache_resource(max_entries=3, show_spinner=False)
def opened(run: Identity) -> ScoreTable:
    """`table` by identity, for other cached functions. Draws the page anew if the run has moved on meanwhile."""
    found = runs.open_run(run[0])
    table = found.table()
    if identity(found) != run:
        st.rerun()
    return table


@st.cache_resource(max_entries=4, show_spinner="Judging every token …")
def judged(run: Identity, thresholds: str) -> Verdicts:
    """`verdicts` by identity and thresholds as JSON, for other cached functions."""
    return strategies.judge(opened(run), Thresholds.model_validate_json(thresholds))


@st.cache_resource(max_entries=64, show_spinner=False)
def _summary(run: Identity, thresholds: str) -> dict[str, Any]:
    return stats.summary(opened(run), judged(run, thresholds))


@st.cache_resource(max_entries=4, show_spinner=False)
def _by_example(run: Identity, thresholds: str) -> pd.DataFrame:
    return stats.by_example(opened(run), judged(run, thresholds))


@st.cache_resource(max_entries=4, show_spinner=False)
def _top_dropped(run: Identity, thresholds: str) -> pd.DataFrame:
    return stats.top_dropped(opened(run), judged(run, thresholds))


@st.cache_resource(max_entries=8, show_spinner=False)
def _difference(run: Identity, a: str, b: str) -> dict[str, Any]:
    return differences.compare(opened(run), judged(run, a), judged(run, b))
