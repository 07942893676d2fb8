"""The Fine-tune page: launch, watch, use, and all that there are. What is shown is in the URL."""

from collections.abc import Callable

import streamlit as st

from xtf.runs import Run
from xtf.ui import finetune_all, finetune_launch, finetune_result, finetune_standing, finetune_watch, frame, state
from xtf.ui.finetune_standing import Standing
from xtf.words import escaped

_VIEWS: dict[str, tuple[str, str]] = {
    "launch": ("Launch", ":material/rocket_launch:"), "watch": ("Watch", ":material/monitoring:"),
    "result": ("Result", ":material/deployed_code:"), "all": ("All", ":material/list:")}
_DRAW: dict[str, Callable[[Standing], None]] = {"watch": finetune_watch.section, "result": finetune_result.section}


def without_run() -> None:
    """Fine-tunes can be looked at whether or not their run is still there."""
    if finetune_standing.found():
        views(None)
    else:
        frame.no_run()


def views(run: Run | None) -> None:
    """The chosen view."""
    known = finetune_standing.found()
    left, right = frame.cards("finetune-head", [3, 2], vertical_alignment="bottom")
    with left:
        view = _view()
    one = None
    if known:
        with right:
            one = _chosen(known, shown=view in _DRAW)
    state.own_in_url("training", "view")
    if view == "launch":
        _launch(run, known)
    elif one is None:
        _nothing(view)
    elif view == "all":
        finetune_all.section(known)
    else:
        _DRAW[view](one)


def _launch(run: Run | None, known: dict[str, Standing]) -> None:
    if run is None:
        frame.no_run()
        return
    with frame.told():
        finetune_launch.section(run, known)


def _view() -> str:
    key, asked = "finetune.view", state.own("view")
    usual = "watch" if state.own("training") else "launch"
    view = asked if asked in _VIEWS else usual
    state.show(key, view)
    st.segmented_control("View", list(_VIEWS), key=key, required=True, label_visibility="collapsed",
                         format_func=lambda name: f"{_VIEWS[name][1]} {_VIEWS[name][0]}",
                         on_change=state.taking(key, lambda value: state.choose_own(view=value)))
    state.choose_own(view=view)
    return view


def _chosen(known: dict[str, Standing], shown: bool) -> Standing:
    """The fine-tune that the page is about; the newest one that works, else the newest, unless another was chosen."""
    wanted = state.own("training")
    if wanted is not None and wanted not in known:
        frame.fault(f"There is no fine-tune called {wanted} any more.")
    if wanted not in known:
        wanted = next((name for name, one in known.items() if one.state == "running"), next(iter(known)))
        state.choose_own(training=wanted if shown else None)
    if shown:
        key = "finetune.training"
        state.show(key, wanted)
        st.selectbox("Fine-tune", list(known), key=key, label_visibility="collapsed",
                     on_change=state.taking(key, lambda value: state.choose_own(training=value)))
    return known[str(wanted)]


def _nothing(view: str) -> None:
    words = {"watch": "Its loss, speed and time left are shown here while it works and afterwards.",
             "result": "Its adapter or model, its card, and a box to try it are here once it is finished.",
             "all": "All of them are listed here, to compare their settings and losses."}[view]
    st.info(f"There is no fine-tune yet: start one under **Launch**. {escaped(words)}", icon=":material/info:")
