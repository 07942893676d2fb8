"""The Thresholds page: controls beside what they do to the whole dataset."""

from typing import Any

import pandas as pd
import streamlit as st

from xtf.config import ATTRIBUTES, PRESETS
from xtf.errors import SettingsError
from xtf.figures import charts
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.store import ScoreTable
from xtf.ui import frame, loaders, plots, state, thresholds_form
from xtf.words import QUESTIONS, SHORT, TITLES, count, escaped, percent, visible


def controls(run: Run) -> bool:
    """Preset, rules and protections with the numbers that they lead to. False where the settings are impossible, which
    is told."""
    thresholds_form.preset_row()
    numbers = st.container()
    verdicts = _judged(run)
    if verdicts is not None:
        with numbers:
            _headline(loaders.summary(run, state.thresholds()), loaders.summary(run, PRESETS[state.preset()][1]))
    # Impossible settings must stay mendable: their controls are then drawn with the preset's scores.
    shown = verdicts or loaders.verdicts(run, PRESETS[state.preset()][1])
    for cell, name in zip(frame.cards("rules", len(ATTRIBUTES)), ATTRIBUTES, strict=True):
        with cell.container(border=True, height="stretch"):
            _card(name, run, loaders.table(run), shown, verdicts is not None)
    thresholds_form.combination_row()
    return verdicts is not None


def _judged(run: Run) -> Verdicts | None:
    try:
        return loaders.verdicts(run, state.thresholds())
    except SettingsError as error:
        frame.fault(str(error))
        return None


def _headline(now: dict[str, Any], preset: dict[str, Any]) -> None:
    points = 100 * (now["kept_share"] - preset["kept_share"])
    delta = None if state.unchanged() else f"{points:+.1f} points against the preset"
    few = now["examples_under"]
    cells = frame.numbers("thresholds", 4)
    cells[0].metric("Kept", percent(now["kept_share"]), delta, delta_color="off", border=True, height="stretch",
                    help=f"{count(now['kept'])} of {count(now['trainable'])} response tokens: the loss sees them.")
    cells[1].metric("Dropped", f"{count(now['dropped'])} tokens", border=True, height="stretch",
                    help="Response tokens whose label becomes -100. They stay in the input.")
    cells[2].metric("Protected", f"{count(now['protected'])} tokens", border=True, height="stretch",
                    help="Would be dropped, but are EOS or final answer.")
    cells[3].metric("Nothing kept", f"{count(now['examples_without_kept'])} examples", border=True, height="stretch",
                    help=f"Examples without any trained token. {count(few['examples'])} keep fewer than {few['kept']}.")


def _card(name: str, run: Run, table: ScoreTable, verdicts: Verdicts, judged: bool) -> None:
    """One attribute: question, rule, and what the rule does."""
    st.markdown(f"**{TITLES[name]}**", help=QUESTIONS[name])
    if judged:
        _effect(name, run)
    thresholds_form.rule_form(name, table, verdicts)


def _effect(name: str, run: Run) -> None:
    part = loaders.summary(run, state.thresholds())["attributes"][name]
    st.markdown(f"Drops **{percent(part['share'])}**: {count(part['dropped'])} tokens, "
                f"{count(part['alone'])} by it alone")
    plots.show(plots.histogram(run, state.thresholds(), name), f"histogram-{name}")
    for note in part["notes"]:
        (st.warning if part["uninformative"] else st.caption)(escaped(note))


def readouts(run: Run) -> None:
    """What the thresholds do to the dataset, from several sides; only the open one is worked out."""
    parts = {"Overlaps": _overlaps, "Moving one cutoff": _sweep, "Most dropped tokens": _top_dropped,
             "Presets compared": _presets}
    for tab, part in zip(st.tabs(list(parts), key="thresholds.tabs", on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab:
                part(run)


def _overlaps(run: Run) -> None:
    left, right = frame.cards("overlaps", 2)
    with left:
        plots.show(charts.overlap_bars(loaders.summary(run, state.thresholds())), "overlaps")
    with right:
        plots.show(charts.kept_share_histogram(loaders.by_example(run, state.thresholds())), "kept-shares")


def _sweep(run: Run) -> None:
    names = [name for name in ATTRIBUTES if getattr(state.thresholds(), name).kind in plots.SWEPT]
    if not names:
        st.caption("None of the three rules has a cutoff that can be moved.")
        return
    st.caption("Kept share of all response tokens when one cutoff moves and everything else stays.")
    for cell, name in zip(frame.cards("sweeps", len(names)), names, strict=True):
        with cell:
            plots.show(plots.sweep(run, state.thresholds(), name), f"sweep-{name}")


def _top_dropped(run: Run) -> None:
    found = loaders.top_dropped(run, state.thresholds())
    st.caption("The token types that lose most. A word of your task high up here is the fastest sign of a bad cutoff.")
    shown = found.assign(text=[visible(text) for text in found["text"]], share=100 * found["share"])
    columns: dict[str, Any] = {
        "text": st.column_config.TextColumn("Token", help="Blanks are shown as ␣ ⏎ ⇥."),
        "id": st.column_config.NumberColumn("Id", help="Vocabulary id.", format="%d"),
        "dropped": st.column_config.NumberColumn("Dropped", help="Dropped response tokens of this type."),
        "tokens": st.column_config.NumberColumn("Of", help="Response tokens of this type."),
        "share": st.column_config.ProgressColumn("Share", format="%.0f %%", min_value=0, max_value=100,
                                                 help="Dropped share of this type."),
    }
    columns |= {name: st.column_config.NumberColumn(SHORT[name], help=f"Dropped by {TITLES[name].lower()}.")
                for name in ATTRIBUTES}
    st.dataframe(shown[list(columns)], hide_index=True, column_config=columns, alt="Most dropped token types")


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
