"""Mounts the dials, whose data `xtf.figures.dials` makes and whose sources are in assets/."""

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from xtf.assets import asset
from xtf.config import ATTRIBUTES, PRESETS, Thresholds
from xtf.errors import SettingsError
from xtf.figures import dials, live
from xtf.runs import Run
from xtf.ui import loaders, state
from xtf.ui.loaders import Identity

Moved = Callable[[str, float], None]

_component = st.components.v2.component(
    "xtf_dials", html=asset("dials/view.html").read_text(encoding="utf-8"), css=dials.style(), js=dials.script())


def numbers(run: Run, thresholds: Thresholds) -> None:
    """The dataset's read-outs, which stay in sight and follow the dials that `cards` puts on the same page."""
    st.html(asset("dials/page.css"))
    _component(key="dials-numbers", data={"part": "numbers", "key": live.key(run.manifest.run_id, thresholds)})


def cards(run: Run, thresholds: Thresholds, moved: Moved) -> None:
    """One card for each attribute, and the exact reasons. `moved(attribute, value)` is called when a threshold was let
    go elsewhere than it was taken. Raises: SettingsError."""
    def report() -> None:
        move = dict(st.session_state["dials-cards"]).get("moved") or {}
        if move.get("attribute") in ATTRIBUTES and _number(move.get("value")):
            moved(move["attribute"], move["value"])

    data = _payload(loaders.identity(run), thresholds.model_dump_json())
    _component(key="dials-cards", data={"part": "dials", **data, "against": _against(run)}, on_moved_change=report)


def _against(run: Run) -> dict[str, Any] | None:
    """What the kept share is compared with while nothing moves: the preset that was changed."""
    if state.unchanged():
        return None
    try:
        share = loaders.summary(run, PRESETS[state.preset()][1])["kept_share"]
    except SettingsError:
        return None
    return {"name": state.preset(), "share": share}


def _number(value: Any) -> bool:
    """Whether the browser reported one."""
    return isinstance(value, int | float) and math.isfinite(value)


@st.cache_resource(max_entries=8, show_spinner=False)
def _payload(run: Identity, thresholds: str) -> dict[str, Any]:
    chosen = Thresholds.model_validate_json(thresholds)
    return dials.payload(loaders.opened(run), loaders.judged(run, thresholds), live.key(run[1], chosen))
