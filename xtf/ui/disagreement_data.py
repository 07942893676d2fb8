"""What the page Disagreement reads, cached by the run's identity and by strategies with their thresholds as text."""

from typing import NamedTuple

import pandas as pd
import streamlit as st

from xtf import disagreement
from xtf.comparison import seen, variants
from xtf.config import Thresholds
from xtf.disagreement import Agreement, Differing, Regions, View
from xtf.figures import disagreement as figures
from xtf.runs import Run
from xtf.ui import loaders
from xtf.ui.loaders import Identity

_MOST = 24  # verdicts that are kept: one byte a token


def short(name: str) -> str:
    """A strategy's title where there is little room."""
    return figures.short(variants.title(name))


class Compared(NamedTuple):
    """Strategies of one run that are held against each other, each with its thresholds as JSON."""

    run: Identity
    strategies: tuple[tuple[str, str], ...]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.strategies]

    def thresholds(self, name: str) -> Thresholds:
        """What a strategy goes by."""
        return Thresholds.model_validate_json(dict(self.strategies)[name])

    def views(self) -> dict[str, View]:
        """By the strategy's name."""
        found = {name: _seen(self.run, name, chosen) for name, chosen in self.strategies}
        return {name: one for name, one in found.items() if isinstance(one, View)}


def compared(run: Run, names: list[str], base: Thresholds) -> tuple[Compared, dict[str, str]]:
    """Those that can be used on the run, and of the others the reason."""
    identity, usable, lacking = loaders.identity(run), [], {}
    for name in names:
        chosen = seen.thresholds(name, base).model_dump_json()
        found = _seen(identity, name, chosen)
        if isinstance(found, str):
            lacking[name] = found
        else:
            usable.append((name, chosen))
    return Compared(identity, tuple(usable)), lacking


@st.cache_resource(max_entries=_MOST, show_spinner="Judging every token …")
def _seen(run: Identity, name: str, thresholds: str) -> View | str:
    return seen.seen(loaders.opened(run), name, Thresholds.model_validate_json(thresholds))


@st.cache_resource(max_entries=8, show_spinner=False)
def agreement(chosen: Compared) -> Agreement:
    return disagreement.agreement(loaders.opened(chosen.run), chosen.views())


@st.cache_resource(max_entries=8, show_spinner=False)
def regions(chosen: Compared) -> Regions:
    """Raises: StoreError for a run without entropy."""
    return disagreement.regions(loaders.opened(chosen.run), chosen.views())


@st.cache_resource(max_entries=8, show_spinner=False)
def by_p(chosen: Compared) -> pd.DataFrame:
    return disagreement.by_p(loaders.opened(chosen.run), chosen.views())


@st.cache_resource(max_entries=4, show_spinner="Counting tokens …")
def types(chosen: Compared) -> pd.DataFrame:
    return disagreement.types(loaders.opened(chosen.run), chosen.views())


@st.cache_resource(max_entries=4, show_spinner=False)
def examples(chosen: Compared) -> pd.DataFrame:
    return disagreement.examples(loaders.opened(chosen.run), chosen.views())


@st.cache_resource(max_entries=32, show_spinner=False)
def tokens(chosen: Compared, count: int, type_id: int | None, seed: int) -> list[Differing]:
    return disagreement.tokens(loaders.opened(chosen.run), chosen.views(), count, type_id, seed)
