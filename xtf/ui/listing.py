"""A list of which one row is chosen: the row stays in view, and its position never means another row."""

import hashlib
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from xtf.assets import asset
from xtf.ui import state

LONGEST = 1000  # rows sent to the browser
_ROW = 35  # pixels
_follow = st.components.v2.component("xtf_follow_row", html="", js=asset("follow_row.js").read_text(encoding="utf-8"))


def listing(name: str, rows: pd.DataFrame, means: bytes, row: int | None, take: Callable[[int], None],
            columns: dict[str, Any], alt: str) -> None:
    """Draws the list. `means` tells what the rows stand for, in their order: with it the list's state begins anew.
    A click hands the row's position to `take`."""
    digest = hashlib.blake2b(means + "\0".join(rows.columns).encode(), digest_size=8).hexdigest()
    key = f"{name}-{digest}"
    state.show(key, {"selection": {"rows": [] if row is None else [row], "columns": [], "cells": []}})

    def pick(value: Any) -> None:
        if chosen := value["selection"]["rows"]:
            take(chosen[0])

    with st.container(key=name, gap=None):
        st.dataframe(rows, key=key, on_select=state.taking(key, pick), hide_index=True,
                     selection_mode="single-row" if row is None else "single-row-required",
                     height=7 * _ROW + 3, row_height=_ROW, column_config=columns, alt=alt)
        _follow(key=f"follow-{name}", data={"list": name, "of": key, "row": row, "height": _ROW})


def steps(name: str, total: int, place: Callable[[], int | None], take: Callable[[int], None], where: str) -> None:
    """Buttons and keys to go through so many rows. `place` gives that of the present row, None where it is none of
    them; it is asked again at each press, since several may come before the page is drawn anew."""
    last, now = total - 1, place()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, (icon, shortcut, _) in _STEPS.items():
            forward = label in ("Next", "Last")
            st.button(label, key=f"{name}.{label.lower()}", icon=f":material/{icon}:", shortcut=shortcut,
                      icon_position="right" if forward else "left",
                      disabled=now == last if forward else now in (None, 0),
                      on_click=_step, args=(label, last, place, take))
        st.caption(where, width="content")


def _step(label: str, last: int, place: Callable[[], int | None], take: Callable[[int], None]) -> None:
    now = place()
    wanted = _STEPS[label][2](-1 if now is None else now, last)
    take(min(max(0, wanted), last))


_STEPS: dict[str, tuple[str, str, Callable[[int, int], int]]] = {  # icon, key, where to go
    "First": ("first_page", "F", lambda now, last: 0), "Previous": ("chevron_left", "K", lambda now, last: now - 1),
    "Next": ("chevron_right", "J", lambda now, last: now + 1), "Last": ("last_page", "L", lambda now, last: last)}
