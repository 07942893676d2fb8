"""Selecting in a figure: by a click, by a box, or from a list for those who use the keyboard; and what was selected."""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from xtf import picks
from xtf.errors import XtfError
from xtf.figures.drawing import alt, marked, picks_of
from xtf.figures.palette import NEUTRAL
from xtf.runs import Run
from xtf.selection import merged, parse
from xtf.store import ScoreTable
from xtf.ui import frame, loaders, profiles, state
from xtf.words import count, escaped


def banner(run: Run) -> None:
    """What is selected and how many examples have it, with the way there and a way out. A pick that means nothing is
    told and can be cleared."""
    pick = state.pick()
    if pick is None:
        st.caption("Click a bar or a point to find the examples behind it, or choose them below the figure.")
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        try:
            st.markdown(_found(run, pick))
            frame.link(frame.EXPLORE, "Show them in Explore")
        except XtfError as error:
            frame.fault(str(error))
        st.button("Clear selection", key="picking.clear", icon=":material/close:", on_click=state.choose_pick,
                  args=(None,))


def _found(run: Run, pick: str) -> str:
    said = escaped(picks.words(pick, loaders.table(run)))
    matching = profiles.matching(run, state.thresholds(), pick)
    found = f"**{count((matching > 0).sum())} of {count(len(matching))} examples**"
    if parse(pick).of_examples:
        return f"{found} {said.removeprefix('examples that ')}."
    return f"{found} have {said}: {count(matching.sum())} in all."


def show(figure: go.Figure, key: str, by: Literal["points", "box"] = "points") -> None:
    """Draws a figure whose marks can be selected by clicks or by a box, those of the present pick standing out. A click
    on the mark that is the pick clears it.

    The key changes with the pick: a chart that is drawn anew forgets the browser's selection, so that it shows the
    pick and nothing else, and the same mark can be clicked again after the pick was cleared.
    """
    pick = readable()
    widget = f"{key}-{hashlib.blake2b((pick or '').encode(), digest_size=6).hexdigest()}"

    def chosen() -> None:
        with frame.told():
            found = selected(st.session_state[widget])
            state.choose_pick(None if found == pick and by == "points" else found)

    if by == "box":
        figure.update_layout(dragmode="select", newselection_line_color=NEUTRAL)
    st.plotly_chart(marked(figure, pick), key=widget, on_select=chosen, selection_mode=by,
                    config={"displayModeBar": False}, alt=alt(figure))


def selected(event: Any) -> str | None:
    """The pick of a chart's selection event; None for an empty one. It comes from the browser: what is no pick raises
    SettingsError."""
    marks = [point.get("customdata") for point in event["selection"]["points"]]
    return merged([str(mark[-1]) for mark in marks if mark])


def readable() -> str | None:
    """The present pick, if it is one; the banner tells what is wrong with another."""
    try:
        return str(parse(state.pick() or ""))
    except XtfError:
        return None


def from_list(figures: Sequence[go.Figure], key: str, table: ScoreTable) -> None:
    """The same choice without a mouse."""
    options = list(dict.fromkeys(pick for figure in figures for pick in picks_of(figure)))
    pick = state.pick()
    state.show(key, pick if pick in options else None)
    st.selectbox("Show examples with", options, index=None, key=key, placeholder="Choose what is drawn above",
                 format_func=lambda option: picks.words(option, table), on_change=state.taking(key, state.choose_pick))
