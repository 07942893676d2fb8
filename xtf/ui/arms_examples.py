"""One held-out example at a time: what the base model and each arm wrote, side by side."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from xtf import runs
from xtf.comparison import variants
from xtf.comparison.folder import BASE, Comparison
from xtf.comparison.result import Result, evaluation
from xtf.errors import XtfError
from xtf.ui import frame, listing, state
from xtf.ui.arms_work import FORM
from xtf.words import count, escaped, excerpt

_MARKS = {True: ":green-badge[:material/check: right]", False: ":red-badge[:material/close: wrong]"}
_PER_ROW = 2
#: Which examples are gone through, by what is right: column → bool.
_PICKS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "All": lambda right: pd.Series(True, right.index),
    "Not all alike": lambda right: right.nunique(axis=1) > 1,
    "All wrong": lambda right: (right == 0).all(axis=1),
}


def section(comparison: Comparison, found: Result, identity: tuple[str, str, str]) -> None:
    """The chosen example. Nothing where there is no text to show."""
    seeds = sorted({seed for row in found.rows for seed in row.seeds if row.name != BASE})
    st.subheader("Answers side by side", anchor=False)
    left, right = frame.cards("arms-pick", [1, 1], vertical_alignment="bottom")
    with left:
        seed = _seed(seeds)
    told = _items(identity, comparison, seed)
    with right:
        rows = _rows(told)
    if not rows:
        st.info("No example is like that: choose others.", icon=":material/info:")
        return
    place = min(int(FORM.values.get("place", 0)), len(rows) - 1)
    first = next(iter(told.values()))
    name = escaped(excerpt(str(first["id"][rows[place]]), 40))
    listing.steps("arms-examples", len(rows), lambda: min(int(FORM.values.get("place", 0)), len(rows) - 1),
                  lambda row: FORM.take("place", row), f"Example {name}, {count(place + 1)} of {count(len(rows))}")
    _asked(comparison, str(first["id"][rows[place]]))
    _cards(told, rows[place])


def _seed(seeds: list[int]) -> int | None:
    if not seeds:
        return None
    key, wanted = "arms.seed", FORM.values.get("seed_shown", seeds[0])
    wanted = wanted if wanted in seeds else seeds[0]
    state.show(key, wanted)
    st.segmented_control("Seed", seeds, key=key, required=True, on_change=FORM.taking("seed_shown", key))
    return int(wanted)


@st.cache_resource(max_entries=8, show_spinner=False)
def _items(identity: tuple[str, str, str], _comparison: Comparison, seed: int | None) -> dict[str, pd.DataFrame]:
    """Name of a row → the items of its evaluation at that seed."""
    base = evaluation(_comparison, None)
    told = {BASE: base.items} if base else {}
    for arm in _comparison.arms:
        if arm.seed == seed and (one := evaluation(_comparison, arm)):
            told[arm.strategy] = one.items
    return told


def _rows(told: dict[str, pd.DataFrame]) -> list[int]:
    """The places of the examples that are gone through."""
    key, wanted = "arms.which", FORM.values.get("which", "All")
    right = pd.DataFrame({name: items["correct"] for name, items in told.items()})
    names = list(_PICKS) if right.notna().any(axis=None) else ["All"]
    wanted = wanted if wanted in names else "All"
    state.show(key, wanted)
    st.segmented_control("Examples", names, key=key, required=True, on_change=_pick(key))
    return [int(row) for row in right.index[_PICKS[wanted](right)]]


def _pick(key: str) -> Callable[[], None]:
    def take(value: Any) -> None:
        FORM.take("which", value)
        FORM.take("place", 0)
    return state.taking(key, take)


def _asked(comparison: Comparison, example: str) -> None:
    """The held-out example itself, prompt and reference, as far as its run is still there."""
    try:
        table = runs.open_run(str(comparison.held_out)).table()
        found = table.example(table.find(example))
    except (XtfError, IndexError):
        return
    with st.expander("Question and reference", expanded=True, icon=":material/help:"):
        st.code(found.text, language=None, wrap_lines=True)


def _cards(told: dict[str, pd.DataFrame], place: int) -> None:
    """Two cards in a row, so that text has room."""
    names = list(told)
    for begin in range(0, len(names), _PER_ROW):
        cells = frame.cards(f"arms-answers-{begin}", _PER_ROW)
        for cell, name in zip(cells, names[begin:begin + _PER_ROW]):
            with cell.container(border=True, height="stretch"):
                _card(name, told[name].iloc[place])


def _card(name: str, item: pd.Series) -> None:
    title = "Base model" if name == BASE else variants.title(name)
    right = item["correct"]
    mark = "" if math.isnan(right) else _MARKS[bool(right)] if right in (0, 1) else f"{right:.2f} of 1"
    st.markdown(f"**{escaped(title)}** &nbsp; {mark}")
    said = [f"{item['nll'] / item['tokens']:.3f} nats a response token"] if item["tokens"] else []
    if item["expected"] or item["answer"]:
        said.append(f"answer {escaped(excerpt(str(item['answer']), 60)) or 'none'}, expected "
                    f"{escaped(excerpt(str(item['expected']), 60)) or 'none'}")
    st.caption(" · ".join(said))
    for text in item["generations"]:
        st.code(text or "(nothing)", language=None, wrap_lines=True)
