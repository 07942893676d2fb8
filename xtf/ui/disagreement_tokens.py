"""The tokens on which strategies differ most: a list of types, and single ones in their text."""

from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from xtf.comparison import variants
from xtf.disagreement import Differing, compared
from xtf.runs import Run
from xtf.ui import disagreement_data as data
from xtf.ui import links, listing, state
from xtf.ui.contexts_view import signs
from xtf.ui.disagreement_data import Compared
from xtf.ui.state import Form
from xtf.words import count, escaped

_FORM = Form("disagreement-tokens")
_SHOWN = 20  # tokens in their text
_KEPT, _DROPPED = "✓", "✕ drops"
_ALL, _ONE = "Of all tokens", "Of the chosen type"


def section(run: Run, chosen: Compared) -> None:
    """The list of types, then tokens in their text."""
    if len(compared(chosen.names)) < 2:
        st.info("Random verdicts differ from all others everywhere, by chance: choose two strategies beside them.",
                icon=":material/info:")
        return
    types = data.types(chosen)
    rows = types[types["differ"] > 0].head(listing.LONGEST)
    if rows.empty:
        st.info("These strategies agree on every token.", icon=":material/info:")
        return
    ids = rows["id"].to_numpy()
    place = _place(ids)
    shown = rows.drop(columns=["role", "differ"]).assign(text=[signs(text) for text in rows["text"]],
                                                         mean=100 * rows["mean"])
    shown[chosen.names] *= 100
    listing.listing("differing-types", shown, f"{chosen}".encode() + ids.tobytes(), place,
                    lambda row: _FORM.take("type", int(ids[row])), _columns(chosen),
                    "Token types on which strategies differ most")
    total = int((types["differ"] > 0).sum())
    listing.steps("differing-types", len(rows), lambda: _place(ids), lambda to: _FORM.take("type", int(ids[to])),
                  f"Type {count(place + 1)} of {count(total)} on which they differ"
                  f"{f'; the list shows {count(len(rows))}' if total > len(rows) else ''}")
    _in_context(run, chosen, rows.iloc[place])


def _place(ids: np.ndarray) -> int:
    """Where the chosen type stands; the first where it is none of them."""
    found = np.flatnonzero(ids == _FORM.values.get("type", -1))
    return int(found[0]) if len(found) else 0


def _columns(chosen: Compared) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "text": st.column_config.TextColumn("Token", width=120, help="␣ ⏎ ⇥ are blanks; ‹200D› is a character that "
                                                                     "cannot be seen."),
        "id": number("Id", help="Vocabulary id.", format="%d", width=60),
        "tokens": number("Tokens", help="Response tokens of this type.", format="localized", width=70),
        "mean": number("Differ", format="%.0f %%", width=70,
                       help="Share of pairs of strategies that give a token different verdicts, on average over the "
                            "tokens of the type. The list is ordered by this times the number of tokens."),
        **{name: number(data.short(name), format="%.0f %%", width=86,
                        help=f"{variants.title(name)}: share of the type's tokens that it drops. "
                             f"{variants.sentence(name)}")
           for name in chosen.names}}


def _in_context(run: Run, chosen: Compared, row: Any) -> None:
    """Single tokens, those on which most pairs differ first."""
    st.subheader("In their text", anchor=False)
    key, seed = "disagreement.of", _FORM.values.get("seed", 0)
    state.show(key, _FORM.values.get("of", _ONE))
    with st.container(horizontal=True, vertical_alignment="center"):
        one = st.segmented_control("Tokens", [_ONE, _ALL], key=key, required=True, label_visibility="collapsed",
                                   on_change=_FORM.taking("of", key)) == _ONE
        found = data.tokens(chosen, _SHOWN, int(row["id"]) if one else None, seed)
        st.button("Draw others", icon=":material/casino:", type="tertiary", key="disagreement.draw",
                  disabled=len(found) < _SHOWN, on_click=_FORM.take, args=("seed", seed + 1))
    which = f"of the type {escaped(signs(row['text']))}" if one else "of all"
    st.caption(f"{count(len(found))} token{'s' if len(found) > 1 else ''} {which} on which most pairs differ; equals "
               "are drawn at random.")
    st.dataframe(_contexts(run, chosen, found), hide_index=True, height="content", alt="Tokens in their text",
                 column_config={
                     "left": st.column_config.TextColumn("Before", width=170, alignment="right"),
                     "token": st.column_config.TextColumn("Token", width=80),
                     "right": st.column_config.TextColumn("After", width=170),
                     "open": st.column_config.LinkColumn("Example", display_text="Explore", width=70,
                                                         help="On the page Explore, in a tab of its own."),
                     "id": st.column_config.TextColumn("Its id", width=90),
                     **{name: st.column_config.TextColumn(data.short(name), width=72, help=variants.title(name))
                        for name in chosen.names}})


def _contexts(run: Run, chosen: Compared, found: list[Differing]) -> pd.DataFrame:
    return pd.DataFrame([{
        "left": signs(one.left).replace("␣", " "), "token": signs(one.text),
        "right": signs(one.right).replace("␣", " "),
        "open": address(run, one.id, chosen, "xtf" if "xtf" in chosen.names else chosen.names[0]),
        **{name: _DROPPED if one.drops[name] else _KEPT for name in chosen.names}, "id": one.id} for one in found])


def address(run: Run, example: str, chosen: Compared, name: str) -> str:
    """The page Explore on an example, judged by one of the strategies."""
    query = links.to_query(run.name, example, state.preset(), chosen.thresholds(name))
    return f"explore?{urlencode(query, errors='replace')}"
