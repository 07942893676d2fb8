"""One response, once, with a row for each strategy under its tokens. The sources of the view are in assets/."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from xtf import disagreement
from xtf.assets import asset
from xtf.comparison import variants
from xtf.disagreement import compared
from xtf.figures.tokens import cut
from xtf.runs import Run
from xtf.store import ScoredExample
from xtf.ui import disagreement_data as data
from xtf.ui import frame, listing, loaders, state
from xtf.ui.contexts_view import signs
from xtf.ui.disagreement_data import Compared
from xtf.ui.disagreement_tokens import address
from xtf.ui.state import Form
from xtf.words import count, escaped, excerpt, listed

_FORM = Form("disagreement-sample")
_ORDERS = ("Most different first", "Order of the data")
_PART = 500  # tokens that are drawn at a time


def _text(name: str) -> str:
    return asset(f"disagreement/{name}").read_text(encoding="utf-8")


_component = st.components.v2.component("xtf_disagreement", html=_text("view.html"), css=_text("view.css"),
                                        js=_text("view.js"))


def section(run: Run, chosen: Compared) -> None:
    """Which example, the view, and the same as tables."""
    table = loaders.table(run)
    index = _example(run, chosen)
    example, taken = table.example(index), disagreement.sample(table, chosen.views(), index)
    trained = np.flatnonzero(example.trainable)
    if not len(trained):
        st.info("This example has no response tokens: choose another.", icon=":material/info:")
        return
    begin = int(example.spans[trained[0], 0])
    if example.text[:begin].strip():
        with st.expander("What comes before the response", icon=":material/help:"):
            st.code(example.text[:begin], language=None, wrap_lines=True)
    first, last = _part(int(trained[0]), int(trained[-1]) + 1)
    rows = _tokens(example, taken, chosen, first, last)
    _component(key=f"disagreement-{run.manifest.run_id}", data={
        "label": f"Response of {example.id}: what each strategy drops", "first": first - int(trained[0]),
        "names": [data.short(name) for name in chosen.names], "tokens": rows})
    st.caption("Underlined are the tokens on which the strategies differ, random ones left out.")
    _tables(run, chosen, example, taken)


def _titles(chosen: Compared) -> list[str]:
    return [variants.title(name) for name in chosen.names]


def _example(run: Run, chosen: Compared) -> int:
    """The list of examples; gives the chosen one's position in the data."""
    table, found, key = loaders.table(run), data.examples(chosen), "disagreement.order"
    state.show(key, _FORM.values.get("order", _ORDERS[0]))
    order = st.segmented_control("Order", list(_ORDERS), key=key, required=True, label_visibility="collapsed",
                                 on_change=_FORM.taking("order", key))
    places = np.arange(len(found)) if order == _ORDERS[1] else np.argsort(-found["mean"].to_numpy(), kind="stable")

    def place() -> int | None:
        known = np.flatnonzero(table.example_ids == (state.example_id() or ""))
        return int(np.flatnonzero(places == known[0])[0]) if len(known) else None

    def take(row: int) -> None:
        state.choose_example(str(table.example_ids[int(places[row])]))

    now = place() or 0
    page = now // listing.LONGEST * listing.LONGEST
    here = places[page:page + listing.LONGEST]
    listing.listing("differing-examples", _rows(run, chosen, found, here), f"{chosen}".encode() + here.tobytes(),
                    now - page, lambda row: take(page + row), _columns(chosen), "Examples of the run")
    listing.steps("differing-examples", len(places), lambda: place() or 0, take,
                  f"Example {escaped(excerpt(str(table.example_ids[int(places[now])]), 40))}, {count(now + 1)} of "
                  f"{count(len(places))} in this order")
    return int(places[now])


def _rows(run: Run, chosen: Compared, found: pd.DataFrame, here: np.ndarray) -> pd.DataFrame:
    known, rows = loaders.by_example(run, state.thresholds()).iloc[here], found.iloc[here]
    with np.errstate(invalid="ignore"):
        shares = {name: 100 * rows[name] / rows["tokens"] for name in chosen.names}
    return pd.DataFrame({"id": known["id"], "preview": [excerpt(text) for text in known["preview"]],
                         "tokens": rows["tokens"], "mean": 100 * rows["mean"], **shares})


def _columns(chosen: Compared) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "id": st.column_config.TextColumn("Example", width=90),
        "preview": st.column_config.TextColumn("Text", help="The beginning of the question.", width=150),
        "tokens": number("Tokens", help="Response tokens.", format="localized", width=70),
        "mean": number("Differ", format="%.0f %%", width=70,
                       help="Share of pairs of strategies that give a token different verdicts, on average."),
        **{name: number(data.short(name), format="%.0f %%", width=86,
                        help=f"{variants.title(name)}: share of the response tokens that it drops.")
           for name in chosen.names}}


def _part(first: int, last: int) -> tuple[int, int]:
    """[first, last) of the tokens that are drawn: a long response comes in parts."""
    parts = -(-(last - first) // _PART)
    if parts == 1:
        return first, last
    number = int(st.number_input(f"Part of {parts}", 1, parts, key="disagreement.part-of-sample",
                                 help=f"{_PART} tokens are drawn at a time."))
    begin = first + (number - 1) * _PART
    return begin, min(begin + _PART, last)


def _tokens(example: ScoredExample, taken: np.ndarray, chosen: Compared, first: int, last: int) -> list[dict[str, Any]]:
    """What the component draws of tokens [first, last)."""
    texts, _, _ = cut(example.text, example.spans)
    counted, titles = [name in compared(chosen.names) for name in chosen.names], _titles(chosen)
    made = []
    for place in range(first, last):
        own, text = taken[:, place], texts[place]
        trained = bool(example.trainable[place])
        gone = own == 1
        made.append({
            "text": _readable(text), "trained": trained, "breaks": "\n" in text,
            "differ": trained and len(set(gone[counted].tolist())) > 1, "told": _told(text, gone, titles, trained),
            "taken": "".join(map(str, np.rint(9 * own).astype(int))) if trained else ""})
    return made


def _readable(text: str) -> str:
    """Blanks as they are beside other characters, else as signs; a dot for a piece of the character before."""
    return signs(text).replace("␣", " ") if text.strip(" ") else signs(text) if text else "·"


def _told(text: str, gone: np.ndarray, titles: list[str], trained: bool) -> str:
    if not trained:
        return f"“{signs(text)}” is not trained in any case"
    drop, keep = ([title for title, one in zip(titles, gone, strict=True) if bool(one) is dropped]
                  for dropped in (True, False))
    said = [f"dropped by {listed(drop)}" if drop else "", f"kept by {listed(keep)}" if keep else ""]
    return f"“{signs(text)}”: {'; '.join(filter(None, said))}"


def _tables(run: Run, chosen: Compared, example: ScoredExample, taken: np.ndarray) -> None:
    """How much each takes away here, with the way to its reasons; and the view as a table."""
    trained = example.trainable
    own = taken[:, trained]
    rows = [{"title": title, "dropped": int((one == 1).sum()), "share": 100 * float((one == 1).mean()),
             "open": address(run, example.id, chosen, name)}
            for name, title, one in zip(chosen.names, _titles(chosen), own, strict=True)]
    left, right = frame.cards("disagreement-sample", [1, 1])
    left.dataframe(rows, hide_index=True, height="content", alt="What each strategy drops here", column_config={
        "title": st.column_config.TextColumn("Strategy", width=180),
        "dropped": st.column_config.NumberColumn("Dropped", help="Response tokens of this example.", width=80),
        "share": st.column_config.NumberColumn("Share", format="%.1f %%", width=80),
        "open": st.column_config.LinkColumn("Why", display_text="Explore", width=80,
                                            help="This example on the page Explore, judged by this strategy, with the "
                                                 "reason of each verdict; in a tab of its own.")})
    texts, _, _ = cut(example.text, example.spans)
    tokens = [signs(texts[place]) for place in np.flatnonzero(trained)]
    with right.expander("As a table", icon=":material/table:"):
        st.dataframe(pd.DataFrame({"token": tokens, **{
            name: _words(one) for name, one in zip(chosen.names, own, strict=True)}}), hide_index=True,
            alt="Response tokens and who drops them", column_config={
                "token": st.column_config.TextColumn("Token"),
                **{name: st.column_config.TextColumn(data.short(name), width=72) for name in chosen.names}})


def _words(taken: np.ndarray) -> list[str]:
    return ["✕ drops" if one == 1 else f"weight {1 - one:.2f}" if one > 0 else "✓" for one in taken.tolist()]
