"""The Tokens page: a list of token types, and the contexts of the one that is chosen."""

from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from xtf import contexts
from xtf.config import ATTRIBUTES, ByType
from xtf.contexts import Context
from xtf.roles import ROLES, WORDS
from xtf.runs import Run
from xtf.ui import frame, listing, loaders, state
from xtf.ui.contexts_view import contexts_view, signs
from xtf.ui.listing import LONGEST
from xtf.ui.loaders import Identity
from xtf.ui.state import Form
from xtf.words import SHORT, TITLES, count, escaped, percent

_FORM = Form("tokens")
_ORDERS = {"dropped": "Most dropped", "share": "Highest share dropped", "kept": "Kept though frequent",
           "tokens": "Most frequent"}
_BY = {"": "anything", **{name: TITLES[name].lower() for name in ATTRIBUTES}, "by_hand": "hand",
       "by_strategy": "the strategy"}
_REASONS = {"novelty": "already known", "relevance": "off-topic", "reasoning": "unattended", "by_hand": "by hand",
            "by_strategy": "by the strategy"}
_TYPED = str.maketrans({"␣": " ", "⏎": "\n", "⇥": "\t"})


def body(run: Run) -> None:
    """The whole page."""
    types = _types(loaders.identity(run), state.thresholds().model_dump_json())
    rows = _ordered(_left(types, _controls()))
    if rows.empty:
        st.info("No token type fits. Ask for fewer occurrences, another role, or clear the search.",
                icon=":material/info:")
        return
    ids = rows["id"].to_numpy()
    place = _place(ids)
    _list(rows, place)
    listing.steps("tokens", len(rows), lambda: _place(ids), lambda to: _FORM.take("type", int(ids[to])),
                  _where(place, len(rows), len(types)))
    _chosen(run, rows.iloc[place])


def _place(ids: np.ndarray) -> int:
    """Where the chosen type stands among those that are left; the first where it is none of them."""
    found = np.flatnonzero(ids == _FORM.values.get("type", -1))
    return int(found[0]) if len(found) else 0


def _controls() -> dict[str, Any]:
    """Search, role, reason, number of occurrences and order."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        return {
            "query": _remembered(st.text_input, "query", "", "Search", icon=":material/search:", width=190,
                                 placeholder="text of a token, or an id",
                                 help="␣ ⏎ ⇥ stand for blanks. Upper and lower case are the same."),
            "role": _remembered(st.selectbox, "role", "", "Role", options=["", *ROLES], width=150, filter_mode=None,
                                format_func=lambda role: role or "all roles", help="\n\n".join(
                                    f"**{role}**: {escaped(words)}" for role, words in WORDS.items())),
            "by": _remembered(st.selectbox, "by", "", "Dropped by", options=list(_BY), width=190, filter_mode=None,
                              format_func=_BY.__getitem__, help="Only types of which it drops a token."),
            "least": _remembered(st.number_input, "least", 1, "At least", min_value=1, step=1, width=130,
                                 help="Only types that occur so often in the responses."),
            "order": _remembered(st.selectbox, "order", "dropped", "Order", options=list(_ORDERS), width=190,
                                 filter_mode=None, format_func=_ORDERS.__getitem__)}


def _left(types: pd.DataFrame, wanted: dict[str, Any]) -> pd.DataFrame:
    """The types that pass the filters."""
    passes = types["tokens"].to_numpy() >= (wanted["least"] or 1)
    if wanted["role"]:
        passes &= types["role"].to_numpy() == wanted["role"]
    if wanted["by"]:
        passes &= types[wanted["by"]].to_numpy() > 0
    if query := wanted["query"].translate(_TYPED):
        known = types["text"].str.contains(query, case=False, regex=False).to_numpy(bool)
        passes &= known | (types["id"].astype(str) == query).to_numpy()
    return types[passes]


def _ordered(types: pd.DataFrame) -> pd.DataFrame:
    """By what was asked for; equals by how often they occur."""
    column, by = _FORM.values.get("order", "dropped"), _FORM.values.get("by", "")
    return types.sort_values(by if column == "dropped" and by else column, ascending=False, kind="stable")


def _list(rows: pd.DataFrame, place: int) -> None:
    first = place // LONGEST * LONGEST
    here = rows.iloc[first:first + LONGEST]
    ids = here["id"].to_numpy()
    names = ["text", "id", "role", "tokens", "dropped", "share", *ATTRIBUTES,
             *(name for name in ("by_hand", "by_strategy") if rows[name].any())]
    shown = here[names].assign(text=[signs(text) for text in here["text"]], share=100 * here["share"])
    listing.listing("token-types", shown, str(state.run_name()).encode() + ids.tobytes(), place - first,
                    lambda row: _FORM.take("type", int(ids[row])), _columns(), "Token types of the responses")


def _columns() -> dict[str, Any]:
    numbers = {name: st.column_config.NumberColumn(SHORT[name], help=f"Dropped by {TITLES[name].lower()}.",
                                                   format="localized", width=70) for name in ATTRIBUTES}
    return {
        "text": st.column_config.TextColumn("Token", help="␣ ⏎ ⇥ are blanks; ‹200D› is a character that cannot be "
                                                          "seen.", width=150),
        "id": st.column_config.NumberColumn("Id", help="Vocabulary id.", format="%d", width=70),
        "role": st.column_config.TextColumn("Role", help="What the token is in the text.", width=90),
        "tokens": st.column_config.NumberColumn("Tokens", help="Response tokens of this type.", format="localized",
                                                width=80),
        "dropped": st.column_config.NumberColumn("Dropped", help="Of these.", format="localized", width=80),
        "share": st.column_config.ProgressColumn("Share", help="Dropped of all response tokens of this type.",
                                                 format="%.1f %%", min_value=0, max_value=100, width=110),
        **numbers, "by_hand": st.column_config.NumberColumn("Hand", help="Dropped by hand.", format="localized",
                                                            width=70),
        "by_strategy": st.column_config.NumberColumn("Strategy", help="Dropped by another strategy than XTF's.",
                                                     format="localized", width=80)}


def _where(place: int, left: int, total: int) -> str:
    first = place // LONGEST * LONGEST
    cut = f"; the list shows {count(first + 1)} to {count(min(left, first + LONGEST))}" if left > LONGEST else ""
    of = f" (of {count(total)})" if left < total else ""
    return f"Type {count(place + 1)} of {count(left)}{of}{cut}"


def _chosen(run: Run, row: Any) -> None:
    """One type: what becomes of it, what can be done about it, and its contexts."""
    token = int(row["id"])
    st.subheader(escaped(signs(row["text"])), anchor=False)
    reasons = ", ".join(f"{count(row[name])} {words}" for name, words in _REASONS.items() if row[name])
    st.markdown(f"{count(row['dropped'])} of {count(row['tokens'])} response tokens of this type are dropped"
                f"{f' ({percent(row.share)}): {reasons}' if reasons else ''}.")
    with st.container(horizontal=True, gap="small"):
        _examples_button("dropped", token, int(row["dropped"]))
        _examples_button("kept", token, int(row["kept"]))
        _by_hand(token, row["text"])
    _contexts(run, token, signs(row["text"]), int(row["tokens"]))


def _examples_button(verdict: str, token: int, number: int) -> None:
    if st.button(f"Show examples where it is {verdict}", key=f"tokens.show.{verdict}", icon=":material/search:",
                 disabled=number == 0, help="On the page Explore."):
        state.choose_pick(f"type:{token}:{verdict}")
        st.switch_page(frame.EXPLORE, query_params=state.query())


def _by_hand(token: int, text: str) -> None:
    """The verdict by hand on this type, if there is one, else the ways to give one."""
    known = [override for override in state.thresholds().overrides
             if isinstance(override, ByType) and override.token == token and override.text in ("", text)]
    if known:
        word = "Never dropped" if known[-1].action == "keep" else "Always dropped"
        st.button(f"{word} by hand: take it back", key="tokens.undecide", icon=":material/undo:",
                  on_click=_undecide, args=(token, known),
                  help=f"Decided {known[-1].created or 'at an unknown time'}.")
        return
    for action, label, icon in (("keep", "Never drop this token", "verified_user"),
                                ("drop", "Always drop it", "block")):
        st.button(label, key=f"tokens.{action}", icon=f":material/{icon}:", on_click=_decide,
                  args=(action, token, text),
                  help="By hand, in all examples, whatever the scores say. Recorded with the thresholds, counted "
                       "everywhere and exported.")


def _decide(action: str, token: int, text: str) -> None:
    _FORM.take("type", token)  # the type stays chosen, wherever it now stands in the list
    state.decide({"by": "type", "action": action, "token": token, "text": text})


def _undecide(token: int, known: list[ByType]) -> None:
    _FORM.take("type", token)
    for override in known:
        state.undecide(override)


def _contexts(run: Run, token: int, name: str, number: int) -> None:
    """Some of so many places where the type stands."""
    seed = _FORM.values.get("seed", 0)
    found = _found(loaders.identity(run), state.thresholds().model_dump_json(), token, seed)
    dropped = sum(not context.keep for context in found)
    with st.container(horizontal=True, vertical_alignment="center"):
        which = "drawn at random" if len(found) < number else "all there are"
        st.caption(f"{count(len(found))} context{'s' if len(found) > 1 else ''}, {which}: {count(dropped)} dropped, "
                   f"{count(len(found) - dropped)} kept. ⏎ ⇥ are line breaks and tabs.", width="stretch")
        st.button("Draw others", key="tokens.draw", icon=":material/casino:", type="tertiary",
                  disabled=len(found) == number, on_click=_FORM.take, args=("seed", seed + 1))
    opened = contexts_view(found, f"Contexts of {name}", _address, "tokens-contexts")
    if opened:
        state.choose_pick(None)
        state.choose_example(opened.id)
        st.switch_page(frame.EXPLORE, query_params=state.query())


def _address(context: Context) -> str:
    """The page Explore on the context's example, with the present run and thresholds."""
    query = {name: value for name, value in state.query().items() if name != "pick"}
    return f"explore?{urlencode(query | {'example': context.id}, errors='replace')}"


def _remembered(widget: Any, name: str, default: Any, label: str, **options: Any) -> Any:
    """A widget whose value outlives its page."""
    key = f"tokens.{name}"
    state.show(key, _FORM.values.get(name, default))
    return widget(label, key=key, on_change=_FORM.taking(name, key), **options)


@st.cache_resource(max_entries=4, show_spinner="Counting tokens …")
def _types(run: Identity, thresholds: str) -> pd.DataFrame:
    return contexts.types(loaders.opened(run), loaders.judged(run, thresholds))


@st.cache_resource(max_entries=32, show_spinner=False)
def _found(run: Identity, thresholds: str, token: int, seed: int) -> list[Context]:
    return contexts.contexts(loaders.opened(run), loaders.judged(run, thresholds), token, seed=seed)
