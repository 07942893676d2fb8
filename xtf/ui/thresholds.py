"""The Thresholds page: dials over the whole dataset, the rules in full, a sample to judge by, and verdicts by hand."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from xtf import grid
from xtf.config import ATTRIBUTES, MAIN_FIELD, PRESETS, Thresholds
from xtf.errors import SettingsError
from xtf.figures import scores
from xtf.figures.tokens import payload
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.store import ScoreTable
from xtf.ui import dials, frame, listing, loaders, plots, state, strategy_form, thresholds_form
from xtf.ui.loaders import Identity
from xtf.ui.token_view import token_view
from xtf.words import SHORT, TITLES, count, escaped, percent

_SWEPT = {"cutoff": "cutoff", "quantile": "share below the threshold", "fence": "width of the fence (× IQR)",
          "otsu": "cluster that is dropped"}


def controls(run: Run) -> bool:
    """Preset, strategy, dials, rules and protections. False where the settings are impossible, which is told."""
    thresholds_form.preset_row()
    if not strategy_form.row(run, "thresholds"):
        return False
    verdicts = _judged(run)
    if verdicts is not None and verdicts.choice is not None:
        _of_strategy(run, verdicts)
        return True
    if verdicts is not None:
        _warnings(run, verdicts)
        dials.numbers(run, state.thresholds())
        dials.cards(run, state.thresholds(), thresholds_form.move)
    # Impossible settings must stay mendable: their controls are then drawn with the preset's scores.
    shown = verdicts or loaders.verdicts(run, PRESETS[state.preset()][1])
    for cell, name in zip(frame.cards("rules", len(ATTRIBUTES)), ATTRIBUTES, strict=True):
        with cell:
            thresholds_form.rule_form(name, loaders.table(run), shown)
    thresholds_form.combination_row(verdicts is None or not _uninformative(verdicts))
    return verdicts is not None


def _of_strategy(run: Run, verdicts: Verdicts) -> None:
    """What another strategy than XTF's comes to; it has no dials."""
    found = loaders.summary(run, verdicts.thresholds)
    cells = frame.numbers("strategy", 4)
    cells[0].metric("Kept", percent(found["kept_share"]), border=True, help="Share of the response tokens.")
    cells[1].metric("Trained tokens", count(found["kept"]), border=True,
                    help=f"Of {count(found['trainable'])} response tokens.")
    by_hand = count(found["by_hand"]["dropped"])
    cells[2].metric("Dropped", count(found["dropped"]), border=True,
                    help=f"By the strategy {count(found['by_strategy'])}, by hand {by_hand}.")
    cells[3].metric("Examples without a token", count(found["examples_without_kept"]), border=True,
                    help="Examples of which nothing is trained.")
    for note in verdicts.notes:
        st.caption(escaped(note))
    if verdicts.thresholds.strategy.kind == "random":
        st.caption("At the matched share the control follows the thresholds: choose XTF above to move them.")
    else:
        st.caption("The three rules of XTF do not count now; choose XTF above to move them.")


def _judged(run: Run) -> Verdicts | None:
    try:
        return loaders.verdicts(run, state.thresholds())
    except SettingsError as error:
        frame.fault(str(error))
        return None


def _warnings(run: Run, verdicts: Verdicts) -> None:
    """What is not as it looks: scores that say nothing, with what using them all the same would do."""
    names = _uninformative(verdicts)
    if not names:
        return
    with st.container(border=True):
        for name in names:
            reason = escaped(verdicts.attributes[name].informative.reason)
            st.warning(f"**{TITLES[name]}**: {reason} {_insisting(run, name)}", icon=":material/warning:")
        thresholds_form.insist_toggle()


def _uninformative(verdicts: Verdicts) -> list[str]:
    """The attributes whose rule works on scores that say nothing."""
    return [name for name in ATTRIBUTES if verdicts.attributes[name].informative.uninformative
            and getattr(verdicts.thresholds, name).kind != "off"]


def _insisting(run: Run, name: str) -> str:
    """What the rule does, or would do, with an uninformative score."""
    now = state.thresholds()
    part = loaders.summary(run, now.model_copy(update={"insist": True}))["attributes"][name]
    told = f"{percent(part['share'])} of the response tokens ({count(part['dropped'])})"
    if now.insist:
        return f"You insist on it: it drops {told}, which mean nothing."
    return f"It drops nothing now; insisting on it would drop {told}, chosen by noise."


def sample(run: Run) -> None:
    """The present example on its own text, whose tokens follow the dials."""
    table, verdicts = loaders.table(run), loaders.verdicts(run, state.thresholds())
    index = _stepped(table)
    token_view(payload(table.example(index), verdicts, table, run_id=run.manifest.run_id),
               key=f"tokens-{run.manifest.run_id}", moved=thresholds_form.move, decided=state.decide)


def _stepped(table: ScoreTable) -> int:
    """Buttons to go through the examples; the position of the one that is shown."""
    ids = table.example_ids  # of a large run too many to make a list of

    def place() -> int:
        found = np.flatnonzero(ids == (state.example_id() or ""))
        return int(found[0]) if len(found) else 0

    listing.steps("thresholds", len(ids), place, lambda row: state.choose_example(str(ids[row])),
                  f"Example {count(place() + 1)} of {count(len(ids))}: it follows the settings. Explore finds examples "
                  "by search and order.")
    return place()


def readouts(run: Run) -> None:
    """What the thresholds do to the dataset, from several sides; only the open one is worked out."""
    parts = {"Moving one cutoff": _sweep, "Presets compared": _presets}
    for tab, part in zip(st.tabs(list(parts), key="thresholds.tabs", on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab:
                part(run)
    links = {frame.DATASET: "Overlaps, positions, classes",
             frame.TOKENS: "Token types dropped most",
             frame.SETTINGS: "Save and compare settings"}
    for cell, (page, words) in zip(frame.cards("more", len(links)), links.items(), strict=True):
        with cell:
            frame.link(page, words)


def _sweep(run: Run) -> None:
    verdicts = loaders.verdicts(run, state.thresholds())
    names = [name for name in ATTRIBUTES if grid.of(loaders.table(run), verdicts.thresholds, name)]
    if not names:
        st.caption("None of the three rules has a threshold that can be moved.")
        return
    st.caption("Kept share of all response tokens when one threshold moves and everything else stays.")
    for cell, name in zip(frame.cards("sweeps", len(names)), names, strict=True):
        with cell:
            plots.show(_curve(loaders.identity(run), state.thresholds().model_dump_json(), name), f"sweep-{name}")


@st.cache_data(max_entries=6, show_spinner=False)
def _curve(run: Identity, thresholds: str, name: str) -> go.Figure:
    rule = getattr(Thresholds.model_validate_json(thresholds), name)
    now = float(getattr(rule, MAIN_FIELD[rule.kind]))
    found = grid.sweep(loaders.opened(run), loaders.judged(run, thresholds), name)
    known = (name, rule.kind) == ("novelty", "cutoff")
    title = "p above which a token counts as known" if known else f"{TITLES[name]}: {_SWEPT[rule.kind]}"
    figure = scores.sweep_line(found, title, name=name, now=now)
    figure.update_layout(title=None, height=240, margin={"t": 24})
    if now < found["value"].mean():  # else the label of the present value would lie on the axis
        figure.update_traces(textposition="top right", selector={"mode": "markers+text"})
    return figure


def _presets(run: Run) -> None:
    st.caption("The same run under the three presets: what the paper says, what its published code computes, and the "
               "paper with its open choices mended.")
    rows: list[dict[str, Any]] = []
    for name, found in loaders.preset_summaries(run).items():
        rows.append({"preset": name} | (_numbers(found) if isinstance(found, dict) else {"notes": found}))
    if not state.unchanged():
        rows.append({"preset": "now"} | _numbers(loaders.summary(run, state.thresholds())))
    shares = {"kept_share": "Kept", **{name: f"by {SHORT[name]}" for name in ATTRIBUTES}}
    columns: dict[str, Any] = {"preset": st.column_config.TextColumn("Preset")}
    columns |= {name: st.column_config.NumberColumn(label, format="%.2f %%", help="Share of the response tokens.")
                for name, label in shares.items()}
    columns["empty"] = st.column_config.NumberColumn("Nothing kept", help="Examples without any trained token.")
    columns["notes"] = st.column_config.TextColumn("Notes", width="large")
    st.dataframe(pd.DataFrame(rows, columns=list(columns)), hide_index=True, column_config=columns,
                 alt="Kept share of the three presets")


def _numbers(found: dict[str, Any]) -> dict[str, Any]:
    shares = {name: 100 * found["attributes"][name]["share"] for name in ATTRIBUTES}
    return {"kept_share": 100 * found["kept_share"], **shares, "empty": found["examples_without_kept"],
            "notes": " ".join(found["notes"])}
