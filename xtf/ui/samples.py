"""The list of examples on the Explore page: search, order, choose, step through."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from xtf.store import ScoreTable
from xtf.ui import state
from xtf.ui.state import Form
from xtf.words import count, excerpt

LONGEST = 1000  # rows sent to the browser
_FORM = Form("explore")
_ORDERS: dict[str, tuple[str, bool]] = {  # words → column, ascending
    "Order of the data": ("index", True),
    "Least kept first": ("kept_share", True),
    "Most kept first": ("kept_share", False),
    "Highest loss first": ("loss", False),
    "Lowest loss first": ("loss", True),
    "Highest mean p first": ("mean_p", False),
    "Longest first": ("tokens", False),
    "Shortest first": ("tokens", True),
    "Most dropped by reasoning": ("dropped_reasoning", False),
    "Most dropped by novelty": ("dropped_novelty", False),
    "Most dropped by relevance": ("dropped_relevance", False),
}
_COLUMNS = {
    "id": ("Example", None, "The example's id in the dataset."),
    "preview": ("Text", None, "The beginning of the question."),
    "kept_share": ("Kept", "%.1f %%", "Share of the response tokens that the loss sees."),
    "mean_p": ("Mean p", "%.1f %%", "Mean probability that the base model gives the response tokens."),
    "loss": ("Loss", "%.3f", "Base model's mean negative log-probability of the response tokens, in nats."),
    "trainable": ("Response", "localized", "Response tokens."),
    "tokens": ("Tokens", "localized", "All tokens, prompt and template included."),
    "dropped_reasoning": ("RI", "localized", "Tokens dropped by reasoning importance."),
    "dropped_novelty": ("KN", "localized", "Tokens dropped by knowledge novelty."),
    "dropped_relevance": ("TR", "localized", "Tokens dropped by task relevance."),
}
_SHARES = ("kept_share", "mean_p")


def controls(table: ScoreTable, examples: pd.DataFrame) -> pd.DataFrame:
    """Search and order; returns the rows that are left, in that order."""
    left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
    with left:
        query = _remembered(st.text_input, "query", "", "Search", placeholder="words of prompt or response, or an id",
                            icon=":material/search:")
    with middle:
        order = _remembered(st.selectbox, "order", "Order of the data", "Order", options=list(_ORDERS),
                            filter_mode=None)
    with right:
        only = _remembered(st.toggle, "only", False, "Without kept tokens",
                           help="Only examples of which the loss sees no token.")
    found = examples[examples["kept"] == 0] if only else examples
    if query:
        found = found[found["index"].isin(matches(table, query))]
    column, ascending = _ORDERS[order]
    return found.sort_values(column, ascending=ascending, kind="stable")


def matches(table: ScoreTable, query: str) -> np.ndarray:
    """Positions of the examples whose text or id holds `query`, whatever the case."""
    wanted = query.casefold()
    return np.array([index for index, (name, text) in enumerate(zip(table.example_ids, table.texts(), strict=True))
                     if wanted in text.casefold() or wanted in name.casefold()], dtype=np.int64)


def choose(rows: pd.DataFrame) -> int:
    """Draws the list and the stepping buttons; returns the position in the dataset of the example to show."""
    ids = rows["id"].tolist()
    if state.example_id() not in ids:
        state.choose_example(ids[0])
    place = ids.index(state.example_id())
    _list(rows.head(LONGEST), ids, place)
    _step_buttons(ids, place, len(rows))
    return int(rows["index"].iloc[ids.index(state.example_id())])


def _list(rows: pd.DataFrame, ids: list[str], place: int) -> None:
    """The key changes with the rows and their order, so that a position never means another example."""
    key = "examples-" + hashlib.blake2b("\0".join(ids).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    selected = [place] if place < len(rows) else []
    state.show(key, {"selection": {"rows": selected, "columns": [], "cells": []}})

    def pick(value: Any) -> None:
        if chosen := value["selection"]["rows"]:
            state.choose_example(ids[chosen[0]])

    st.dataframe(_shown(rows), key=key, on_select=state.taking(key, pick), selection_mode="single-row",
                 hide_index=True, height=248, column_config=_column_config(), alt="Examples of the run")


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    shown = rows[list(_COLUMNS)].copy()
    shown["preview"] = [excerpt(text) for text in shown["preview"]]
    for name in _SHARES:
        shown[name] = 100 * shown[name]
    return shown


def _column_config() -> dict[str, Any]:
    config: dict[str, Any] = {}
    for name, (label, form, help_) in _COLUMNS.items():
        if form is None:
            config[name] = st.column_config.TextColumn(label, help=help_, width=260 if name == "preview" else 90)
        else:
            config[name] = st.column_config.NumberColumn(label, help=help_, format=form, width=62)
    return config


def _step_buttons(ids: list[str], place: int, total: int) -> None:
    left, middle, right = st.columns([2, 4, 2], vertical_alignment="center")
    left.button("Previous", key="explore.previous", icon=":material/chevron_left:", shortcut="K", width="stretch",
                disabled=place == 0, on_click=state.choose_example, args=(ids[max(0, place - 1)],))
    cut = f"; the list shows the first {count(LONGEST)}" if total > LONGEST else ""
    middle.caption(f"Example {count(place + 1)} of {count(total)} in this order{cut}", text_alignment="center")
    right.button("Next", key="explore.next", icon=":material/chevron_right:", icon_position="right", shortcut="J",
                 width="stretch", disabled=place == total - 1, on_click=state.choose_example,
                 args=(ids[min(total - 1, place + 1)],))


def _remembered(widget: Any, name: str, default: Any, label: str, **options: Any) -> Any:
    """A widget whose value outlives its page."""
    key = f"explore.{name}"
    state.show(key, _FORM.values.get(name, default))
    return widget(label, key=key, on_change=_FORM.taking(name, key), **options)
