"""The list of examples on the Explore page: filter, order, choose, step through."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from xtf.runs import Run
from xtf.store import ScoreTable
from xtf.ui import listing, loaders, profiles, sample_filters, state
from xtf.ui.listing import LONGEST
from xtf.ui.loaders import Identity
from xtf.ui.measures import MEASURES, Measure
from xtf.ui.sample_filters import Filter
from xtf.words import count, excerpt

_SEEN = "xtf.explore.filters"
_DATA_ORDER = "index"
_MATCHES = Measure("Matches", "Matches", "Tokens that were selected in a figure.", whole=True)


@dataclass(frozen=True, eq=False)
class Listed:
    """The examples that are left, in order."""

    examples: pd.DataFrame  # all N, as `stats.by_example`
    matches: np.ndarray | None  # int64[N], tokens of each that were selected in a figure
    order: np.ndarray  # int64[L], positions in the dataset
    filters: list[Filter]
    columns: list[str]  # of the list, beside id and text
    by: str  # the order in words, to see whether it has changed


def controls(run: Run, table: ScoreTable) -> Listed:
    """Search, order and filters; returns what is left."""
    examples = loaders.by_example(run, state.thresholds())
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        sample_filters.search_box()
        column, falling = _order_boxes()
        sample_filters.more(examples)
    filters = sample_filters.active(run, table, examples)
    picked = any(one.key == "pick" for one in filters)
    matches = profiles.matching(run, state.thresholds(), state.pick() or "") if picked else None
    values = matches if column == "matches" else examples[column].to_numpy()
    order = _ordered(loaders.identity(run), f"{state.thresholds().model_dump_json()} {state.pick()}", column, falling,
                     np.zeros(len(examples)) if values is None else values)
    if filters:
        order = order[np.logical_and.reduce([one.passes for one in filters])[order]]
    sample_filters.chips(filters, len(order), len(examples))
    wanted = {column, *sample_filters.ranged()}
    columns = [name for name, measure in MEASURES.items() if measure.standing or name in wanted]
    return Listed(examples, matches, order, filters, [*(["matches"] if picked else []), *columns],
                  f"{column} {falling}")


def _order_boxes() -> tuple[str, bool]:
    """The column to order by, and whether from the highest down."""
    names = {_DATA_ORDER: "Order of the data"} | ({"matches": "Matches"} if state.pick() else {}) | {
        name: measure.label for name, measure in MEASURES.items()}
    if sample_filters.FORM.values.get("order") not in names:
        sample_filters.FORM.values.pop("order", None)
    column = sample_filters.remembered(st.selectbox, "order", _DATA_ORDER, "Order", options=list(names), width=190,
                                       format_func=names.__getitem__, filter_mode=None)
    falling = sample_filters.remembered(
        st.segmented_control, "falling", False, "Direction", options=[False, True], required=True,
        format_func={False: "Ascending", True: "Descending"}.__getitem__,
        help="Ascending: the first or the lowest first. Examples without the number come last.")
    return column, bool(falling)


@st.cache_resource(max_entries=6, show_spinner=False)
def _ordered(run: Identity, judged: str, column: str, falling: bool, _values: np.ndarray) -> np.ndarray:
    """int64[N]: all positions in the order of a column. Equals stay in the data's order, NaN come last either way."""
    return np.argsort(-_values if falling else _values, kind="stable")


def choose(listed: Listed, table: ScoreTable) -> int | None:
    """Draws the list and the stepping buttons; returns the position in the dataset of the example to show."""
    if not len(listed.order):
        sample_filters.nothing(listed.filters)
        return None
    shown = _shown(listed, table)
    place = _place(listed, table)
    _list(listed, table, place)
    listing.steps("explore", len(listed.order), lambda: _place(listed, table),
                  lambda to: _take(table, int(listed.order[to])), _where(len(listed.order), place))
    return shown


def _shown(listed: Listed, table: ScoreTable) -> int:
    """The example that was chosen, even if it does not pass the filters. A new order begins with its first, and so do
    new filters that the chosen one does not pass."""
    known = np.flatnonzero(table.example_ids == (state.example_id() or ""))
    now = (listed.by, "\0".join(one.words for one in listed.filters))
    by, filters = st.session_state.get(_SEEN, now)
    st.session_state[_SEEN] = now
    if len(known) and by == listed.by and (filters == now[1] or np.any(listed.order == known[0])):
        return int(known[0])
    _take(table, int(listed.order[0]))
    return int(listed.order[0])


def _place(listed: Listed, table: ScoreTable) -> int | None:
    """Where the chosen example stands in the order."""
    known = np.flatnonzero(table.example_ids == (state.example_id() or ""))
    found = np.flatnonzero(listed.order == known[0]) if len(known) else known
    return int(found[0]) if len(found) else None


def _list(listed: Listed, table: ScoreTable, place: int | None) -> None:
    """Those up to a thousand rows among which the chosen one is."""
    first = (place or 0) // LONGEST * LONGEST
    here = np.ascontiguousarray(listed.order[first:first + LONGEST])
    listing.listing("examples", _rows(listed, here), str(state.run_name()).encode() + here.tobytes(),
                    None if place is None else place - first, lambda row: _take(table, int(here[row])),
                    _column_config(listed), "Examples of the run")


def _take(table: ScoreTable, index: int) -> None:
    state.choose_example(str(table.example_ids[index]))


def _rows(listed: Listed, here: np.ndarray) -> pd.DataFrame:
    rows = listed.examples.iloc[here]
    matches = {} if listed.matches is None else {"matches": listed.matches[here]}
    return pd.DataFrame({
        "id": rows["id"], "preview": [excerpt(text) for text in rows["preview"]], **matches,
        **{name: MEASURES[name].shown(rows[name]) for name in listed.columns if name in MEASURES}})


def _column_config(listed: Listed) -> dict[str, Any]:
    return {
        "id": st.column_config.TextColumn("Example", help="The example's id in the dataset.", width=90),
        "preview": st.column_config.TextColumn("Text", help="The beginning of the question.", width=260),
        **{name: MEASURES.get(name, _MATCHES).column() for name in listed.columns}}


def _where(total: int, place: int | None) -> str:
    if place is None:
        return f"This example does not pass the filters; {count(total)} {'does' if total == 1 else 'do'}"
    first = place // LONGEST * LONGEST
    cut = f"; the list shows {count(first + 1)} to {count(min(total, first + LONGEST))}" if total > LONGEST else ""
    return f"Example {count(place + 1)} of {count(total)} in this order{cut}"
