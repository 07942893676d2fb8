"""The Compare page: what a comparison of strategies has found, how far it is, and a form for another one."""

import streamlit as st

from xtf.comparison.folder import list_comparisons
from xtf.runs import Run
from xtf.ui import arms_form, arms_result, arms_work, frame, state
from xtf.ui.arms_work import FORM, Standing

_VIEWS = {"result": ("Result", ":material/balance:"), "new": ("New", ":material/add_circle:")}


def without_run() -> None:
    """Comparisons can be looked at whether or not their run is still there."""
    if list_comparisons():
        views(None)
    else:
        frame.no_run()


def views(run: Run | None) -> None:
    """The chosen view."""
    known = arms_work.found()
    left, right = frame.cards("arms-head", [1, 2], vertical_alignment="bottom")
    with left:
        view = _view(known)
    if view == "new":
        if run is None:
            frame.no_run()
            return
        with frame.told():
            arms_form.section(run, known)
        return
    with right:
        one = _chosen(known)
    state.own_in_url("comparison")
    if one is None:
        st.info("Nothing has been compared yet: start under **New**. Normal fine-tuning, XTF, and random tokens at the "
                "same share are trained with the same seeds and measured alike.", icon=":material/info:")
        return
    arms_work.section(one)
    if one.comparison is not None:
        with frame.told():
            arms_result.section(one.comparison)


def _view(known: dict[str, Standing]) -> str:
    key, view = "arms.view", FORM.values.get("view", "result" if known or state.own("comparison") else "new")
    state.show(key, view)
    st.segmented_control("View", list(_VIEWS), key=key, required=True, label_visibility="collapsed",
                         format_func=lambda name: f"{_VIEWS[name][1]} {_VIEWS[name][0]}",
                         on_change=FORM.taking("view", key))
    return str(view)


def _chosen(known: dict[str, Standing]) -> Standing | None:
    """The comparison that the page is about, which is in the URL: the newest unless another was chosen."""
    if not known:
        return None
    key, wanted = "arms.name", state.own("comparison")
    if wanted is not None and wanted not in known:
        frame.fault(f"There is no comparison called {wanted} any more; this is {next(iter(known))}.")
    if wanted not in known:
        wanted = next(iter(known))
        state.choose_own(comparison=wanted)
    state.show(key, wanted)
    st.selectbox("Comparison", list(known), key=key, label_visibility="collapsed", filter_mode=None,
                 format_func=lambda name: f"{name}, {known[name].words}" if name in known else name,
                 on_change=state.taking(key, lambda value: state.choose_own(comparison=value)))
    return known[str(wanted)]
