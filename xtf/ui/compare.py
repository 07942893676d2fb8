"""A against B: two settings on the same run, as fields, as numbers, by example and on the tokens of one of them."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from xtf import changes, rule_words, saved
from xtf.config import ATTRIBUTES, PRESETS, Thresholds
from xtf.explain import summary_sentence
from xtf.figures import compared
from xtf.figures.tokens import payload
from xtf.runs import Run
from xtf.store import ScoreTable
from xtf.ui import frame, listing, loaders, plots, state
from xtf.ui.state import Form
from xtf.ui.token_view import token_view
from xtf.words import TITLES, count, escaped, excerpt, percent

NOW = "now"
_SAVED = "saved:"
_FIELDS = 8  # rows of a table that does not scroll
_FORM = Form("compare")


class Side(NamedTuple):
    """One of the two settings. name: for people, not for Markdown."""

    name: str
    preset: str
    thresholds: Thresholds


def key(name: str) -> str:
    """How a choice names saved settings: they may be called as a preset was, or "now"."""
    return _SAVED + name


def put(a: str, b: str) -> None:
    """Chooses what is compared."""
    _FORM.values.update(a=a, b=b)


def section(run: Run) -> None:
    """The whole comparison. What cannot be judged is told."""
    st.subheader("A against B", anchor=False)
    a, b = _choices()
    with frame.told():
        found = loaders.difference(run, a.thresholds, b.thresholds)
        _fields(a, b)
        if not found["newly_dropped"] and not found["rescued"]:
            st.info(f"Both keep the same {count(found['a']['kept'])} tokens of this run.", icon=":material/info:")
            return
        _numbers(found)
        left, right = frame.cards("compared", 2)
        with left:
            plots.show(compared.by_reason(found), "compare-reasons")
        with right:
            plots.show(compared.by_role(found), "compare-roles")
        _examples(run, found, a, b)


def _choices() -> tuple[Side, Side]:
    """What is compared, and the buttons that take one of both."""
    sides, chosen = _sides(), {}
    cells = frame.numbers("sides", 4, vertical_alignment="bottom")
    for side, cell, button in (("a", cells[0], cells[1]), ("b", cells[2], cells[3])):
        widget, wanted = f"compare.{side}", _FORM.values.get(side)
        state.show(widget, wanted if wanted in sides else _usual(side))
        name = str(cell.selectbox(side.upper(), list(sides), key=widget, filter_mode=None,
                                  format_func=lambda name: sides[name].name if name in sides else name,
                                  on_change=_FORM.taking(side, widget)))
        one = chosen[side] = sides[name]
        button.button(f"Use {side.upper()}", icon=":material/check:", width="stretch", key=f"compare.use.{side}",
                      on_click=state.choose_setting, args=(one.preset, one.thresholds),
                      help="Takes these as the present thresholds; undo leads back.",
                      disabled=(one.preset, one.thresholds) == (state.preset(), state.thresholds()))
    return chosen["a"], chosen["b"]


def _sides() -> dict[str, Side]:
    """Everything that can be compared, by its key."""
    now = Side("now", state.preset(), state.thresholds())
    presets = {name: Side(f"preset {name}", name, thresholds) for name, (_, thresholds) in PRESETS.items()}
    return {NOW: now, **presets, **{key(one.name): Side(one.name, one.preset, one.thresholds)
                                    for one in saved.listed()[0]}}


def _usual(side: str) -> str:
    """What changed settings change of their preset; the paper's preset against others."""
    if side == "b":
        return NOW
    return next(name for name in (state.preset(), "paper", "corrected") if PRESETS[name][1] != state.thresholds())


def _fields(a: Side, b: Side) -> None:
    """The fields that differ, in words."""
    rules = [{"setting": f"{TITLES[name]} drops", "a": before, "b": after} for name, before, after in zip(
        ATTRIBUTES, rule_words.dropped(a.thresholds), rule_words.dropped(b.thresholds), strict=True) if before != after]
    told = {row["setting"] for row in rules}
    others = [{"setting": change.name[:1].upper() + change.name[1:], "a": change.before, "b": change.after}
              for change in changes.between(a.thresholds, b.thresholds)
              if f"{TITLES.get(change.field.partition('.')[0])} drops" not in told]
    if not rules and not others:
        st.info("A and B are the same settings: choose another for one of them.", icon=":material/info:")
        return
    st.dataframe(pd.DataFrame([*rules, *others]), hide_index=True, alt="Settings that differ between A and B",
                 height="content" if len(rules) + len(others) <= _FIELDS else 35 * _FIELDS, column_config={
                     "setting": st.column_config.TextColumn("Setting"),
                     "a": st.column_config.TextColumn(f"A: {a.name}"),
                     "b": st.column_config.TextColumn(f"B: {b.name}")})


def _numbers(found: dict[str, Any]) -> None:
    points = 100 * (found["b"]["kept_share"] - found["a"]["kept_share"])
    examples = found["examples"]
    cells = frame.numbers("compare", 5)
    cells[0].metric("A keeps", percent(found["a"]["kept_share"], 2), border=True, height="stretch",
                    help=f"{count(found['a']['kept'])} of {count(found['trainable'])} response tokens.")
    cells[1].metric("B keeps", percent(found["b"]["kept_share"], 2), f"{points:+.2f} points", delta_color="off",
                    border=True, height="stretch",
                    help=f"{count(found['b']['kept'])} of {count(found['trainable'])} response tokens.")
    cells[2].metric("Newly dropped", f"{count(found['newly_dropped'])}", border=True, height="stretch",
                    help="Response tokens that A keeps and B drops.")
    cells[3].metric("Rescued", f"{count(found['rescued'])}", border=True, height="stretch",
                    help="Response tokens that A drops and B keeps.")
    cells[4].metric("Examples lose all", count(examples["emptied"]), border=True, height="stretch",
                    help=f"Examples that keep some token under A and none under B. {count(examples['filled'])} are the "
                         f"other way round; {count(examples['changed'])} change at all.")


def _examples(run: Run, found: dict[str, Any], a: Side, b: Side) -> None:
    """The examples that change most, and the tokens of the chosen one."""
    table, examples = loaders.table(run), found["examples"]
    rows = _chosen_rows(examples)
    known = np.flatnonzero(table.example_ids == (state.example_id() or ""))
    current = int(known[0]) if len(known) else rows[0]["index"]
    st.markdown(f"**Examples that change most**, {count(len(rows))} of {count(examples['changed'])}")
    here = [row["index"] for row in rows]

    def place() -> int | None:
        wanted = state.example_id()
        return next((place for place, row in enumerate(rows) if row["id"] == wanted), None)

    def take(row: int) -> None:
        state.choose_example(rows[row]["id"])

    shown = here.index(current) if current in here else None
    means = f"{run.manifest.run_id}{a}{b}{here}".encode()
    previews = loaders.by_example(run, a.thresholds)["preview"]
    listing.listing("compared-examples", _shown(rows, previews), means, shown, take, _columns(),
                    "Examples that change most")
    listing.steps("compared-examples", len(rows), place, take,
                  f"Example {escaped(excerpt(str(table.example_ids[current]), 40))}")
    _tokens(run, table, current, a, b)


def _chosen_rows(examples: dict[str, Any]) -> list[dict[str, Any]]:
    if not examples["lost"]:
        return list(examples["most"])
    lost = st.toggle("Only examples that lose all", key="compare.lost")
    return list(examples["lost"] if lost else examples["most"])


def _shown(rows: list[dict[str, Any]], previews: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(rows).assign(text=[excerpt(previews[row["index"]]) for row in rows])[list(_columns())]


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {"id": st.column_config.TextColumn("Example", width=90),
            "newly_dropped": number("Newly dropped", help="Response tokens that A keeps and B drops."),
            "rescued": number("Rescued", help="Response tokens that A drops and B keeps."),
            "kept_a": number("Kept by A"), "kept_b": number("Kept by B"),
            "trainable": number("Of", help="Response tokens."),
            "text": st.column_config.TextColumn("Text", help="The beginning of the question.", width=260)}


def _tokens(run: Run, table: ScoreTable, index: int, a: Side, b: Side) -> None:
    """One example under A, with what B changes."""
    before, after = loaders.verdicts(run, a.thresholds), loaders.verdicts(run, b.thresholds)
    for letter, verdicts in (("A", before), ("B", after)):
        st.markdown(f"**{letter}** · {escaped(summary_sentence(table, verdicts, index))}")
    made = payload(table.example(index), before, table, other=after, other_name="B")
    token_view(made, key=f"compare-{run.manifest.run_id}")
