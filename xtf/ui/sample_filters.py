"""Which examples the Explore page lists: search, selection, ranges. Each filter that is on is a chip to click away."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from xtf import picks, search
from xtf.errors import XtfError
from xtf.runs import Run
from xtf.search import Found
from xtf.store import ScoreTable
from xtf.ui import frame, loaders, profiles, state
from xtf.ui.loaders import Identity
from xtf.ui.measures import MEASURES, scale, told
from xtf.ui.state import Form
from xtf.words import count, escaped, excerpt

Bounds = tuple[float | None, float | None]
FORM = Form("explore")


class Filter(NamedTuple):
    """One reason why examples are left out."""

    key: str
    words: str
    passes: np.ndarray  # bool[N]
    remove: Callable[[], None]


def _ranges() -> dict[str, Bounds]:
    """Ranges as shown, of the present run: another run has other scales."""
    found: dict[str, Bounds] = Form(f"explore-{state.run_name()}").values
    return found


def ranged() -> list[str]:
    """The measures that are filtered by now."""
    return list(_ranges())


def search_box() -> None:
    """Words or a pattern to look for."""
    pattern = bool(FORM.values.get("regex"))
    remembered(st.text_input, "query", "", "Search", icon=":material/search:", width=280,
               placeholder="a pattern, such as \\d+ apples" if pattern else "words of prompt or response, or an id",
               help="Looks in the whole text and in the ids." + (" Upper and lower case differ, unless the pattern "
                    "begins with (?i). It may take two seconds." if pattern else " Upper and lower case are the same."))
    remembered(st.toggle, "regex", False, "Pattern", help="Search by a regular expression instead of plain words.")


def more(examples: pd.DataFrame) -> None:
    """The filters by numbers, behind a button."""
    with st.popover("More filters", icon=":material/filter_list:",
                    help="By kept share, scores, loss, length and dropped tokens."):
        remembered(st.toggle, "only", False, "Only examples without a kept token",
                   help="Examples of which the loss sees no token.")
        for row in np.array_split(list(MEASURES), 5):
            for cell, name in zip(st.columns(2, gap="medium"), row.tolist(), strict=True):
                with cell:
                    _slider(name, examples[name].to_numpy())


def _slider(name: str, values: np.ndarray) -> None:
    """A range; a handle at its end leaves that side open."""
    measure = MEASURES[name]
    (low, high), step = scale(measure, values)
    if low == high:
        st.slider(measure.label, 0.0, 1.0, (0.0, 1.0), disabled=True, key=f"explore.range.{name}.none",
                  help=f"{measure.help} It is the same everywhere here.")
        return
    number: Any = int if measure.whole else float
    least, most = _ranges().get(name, (None, None))
    key = f"explore.range.{name}"
    state.show(key, tuple(number(min(max(end, low), high)) for end in (low if least is None else least,
                                                                      high if most is None else most)))
    st.slider(measure.label, number(low), number(high), step=number(step), key=key, help=measure.help,
              format="%g %%" if measure.share else None if measure.whole else f"%.{max(0, -int(f'{step:.0e}'[2:]))}f",
              on_change=state.taking(key, partial(_take, name, low, high)))


def _take(name: str, low: float, high: float, value: Any) -> None:
    bounds = (None if value[0] <= low else value[0], None if value[1] >= high else value[1])
    if bounds == (None, None):
        _ranges().pop(name, None)
    else:
        _ranges()[name] = bounds


def active(run: Run, table: ScoreTable, examples: pd.DataFrame) -> list[Filter]:
    """The filters that are on. One that cannot be read is told, and left out."""
    found: list[Filter] = []
    for part in (_picked, _searched):
        with frame.told():
            found += part(run, table)
    if FORM.values.get("only"):
        found.append(Filter("only", "Without a kept token", examples["kept"].to_numpy() == 0,
                            partial(FORM.take, "only", False)))
    return found + [_range(name, bounds, examples[name].to_numpy()) for name, bounds in _ranges().items()]


def _picked(run: Run, table: ScoreTable) -> list[Filter]:
    if (pick := state.pick()) is None:
        return []
    try:
        words = picks.words(pick, table)
        passes = profiles.matching(run, state.thresholds(), pick) > 0
    except XtfError:
        state.choose_pick(None)
        raise
    return [Filter("pick", f"With {words}" if words.startswith("tokens") else words.capitalize(), passes,
                   partial(state.choose_pick, None))]


def _searched(run: Run, table: ScoreTable) -> list[Filter]:
    query, pattern = FORM.values.get("query", ""), bool(FORM.values.get("regex"))
    if not query:
        return []
    found = _found(loaders.identity(run), query, pattern)
    if found.note:
        st.warning(found.note, icon=":material/timer:")
    passes = np.zeros(len(table), bool)
    passes[found.examples] = True
    words = f"Text {'matches' if pattern else 'holds'} “{excerpt(query, 40)}”"
    return [Filter("query", words, passes, partial(FORM.take, "query", ""))]


def _range(name: str, bounds: Bounds, values: np.ndarray) -> Filter:
    shown, (low, high) = MEASURES[name].shown(values), bounds
    passes = ~np.isnan(shown)
    if low is not None:
        passes &= shown >= low
    if high is not None:
        passes &= shown <= high
    return Filter(name, told(MEASURES[name], *bounds), passes, partial(_open, name))


def _open(name: str) -> None:
    _ranges().pop(name, None)


def chips(filters: list[Filter], left: int, total: int) -> None:
    """What is filtered by, each to click away, and how many examples are left."""
    if not filters:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"**{count(left)}** of {count(total)} examples", width="content")
        for one in filters:
            st.button(escaped(one.words), key=f"explore.chip.{one.key}", icon=":material/close:", on_click=one.remove,
                      help="Remove this filter.")
        st.button("Clear all", key="explore.clear", type="tertiary", on_click=_clear, args=(filters,))


def _clear(filters: list[Filter]) -> None:
    for one in filters:
        one.remove()


def nothing(filters: list[Filter]) -> None:
    """No example is left: which filter to relax."""
    without = [(int(np.logical_and.reduce([other.passes for other in filters if other is not one]).sum()), one.words)
               for one in filters] if len(filters) > 1 else []
    most, words = max(without, default=(0, ""))
    advice = (f"Without “{words}” there would be {count(most)}." if most else
              "Clear some of the filters above." if without else "Change the search." if filters and
              filters[0].key == "query" else "Remove the filter above.")
    st.info(f"No example fits. {escaped(advice)}", icon=":material/info:")


def remembered(widget: Any, name: str, default: Any, label: str, **options: Any) -> Any:
    """A widget whose value outlives its page."""
    key = f"explore.{name}"
    state.show(key, FORM.values.get(name, default))
    return widget(label, key=key, on_change=FORM.taking(name, key), **options)


@st.cache_resource(max_entries=32, show_spinner="Searching …")
def _found(run: Identity, query: str, pattern: bool) -> Found:
    return (search.regex if pattern else search.plain)(loaders.opened(run), query)
