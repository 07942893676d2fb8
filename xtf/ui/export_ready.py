"""Step 2 of the Export page: what a trainer would stumble over, each with the click that mends it."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from xtf.config import ExportSettings, ScoreSettings, settings
from xtf.errors import XtfError
from xtf.preflight import Finding, Fix
from xtf.runs import Run
from xtf.ui import export_checks, export_choice, frame, loaders, score_form, state
from xtf.ui.export_choice import FORM, Choice
from xtf.words import count, escaped

_LEVELS = {"stop": ("Stop", ":material/block:", "red"), "accepted": ("Stop, accepted", ":material/block:", "orange"),
           "note": ("Note", ":material/info:", "orange"),
           "good": ("Good", ":material/check_circle:", "green")}
UNKNOWN = "The checks could not be made."
_LISTED = 1000  # examples to choose from
_FIXED = "fixed"  # what the last click mended, so that it can be taken back


def checklist(chosen: Choice) -> tuple[Choice, str]:
    """Draws the checks. Returns the choice with what was accepted, and why it cannot be prepared, or nothing."""
    st.subheader("2 · Ready?", anchor=False)
    try:
        found = export_checks.findings(chosen)
    except XtfError as error:
        frame.fault(str(error))
        return chosen, UNKNOWN
    if found is None:
        return chosen, "The checks come first."
    chosen = chosen.allowing(found)
    open_ = [one for one in found if one.level == "stop" and one.check not in chosen.settings.allow]
    st.markdown(_summary(found, len(open_)))
    _undo_line()
    for level in ("stop", "note"):
        for one in found:
            if one.level == level:
                _card(chosen, one)
    _good([one for one in found if one.level == "good"])
    return chosen, _why_not(len(open_))


def _summary(found: Sequence[Finding], stops: int) -> str:
    good = sum(one.level == "good" for one in found)
    notes = sum(one.level == "note" for one in found)
    said = [f"{good} of {len(found)} checks are good"]
    if notes:
        said.append("1 note" if notes == 1 else f"{notes} notes")
    if accepted := sum(one.level == "stop" for one in found) - stops:
        said.append(f"{accepted} accepted")
    if stops:
        said.append("**1 needs your decision**" if stops == 1 else f"**{stops} need your decision**")
    return ("Not yet: " if stops else "**Ready**: ") + ", ".join(said) + "."


def _why_not(stops: int) -> str:
    if not stops:
        return ""
    said, it = ("One check says", "it") if stops == 1 else (f"{stops} checks say", "them")
    return f"{said} stop: mend {it} above, or go on all the same."


def _card(chosen: Choice, found: Finding) -> None:
    word, icon, colour = _LEVELS["accepted" if found.check in chosen.settings.allow else found.level]
    with st.container(border=True, key=f"finding-{found.check}", gap="small"):
        st.markdown(f":{colour}-badge[{icon} {word}] &nbsp;**{escaped(found.title)}**")
        st.markdown(_said(found))
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            if found.fix:
                _fix_button(chosen.run, found.check, found.fix)
            if found.level == "stop":
                _allow_toggle(chosen, found)
            if len(found.examples):
                _examples(chosen, found)


def _good(found: Sequence[Finding]) -> None:
    if found:
        with st.expander(f"What is good ({len(found)})", icon=":material/check_circle:"):
            st.markdown("\n".join(f"- **{escaped(one.title)}**: {_said(one)}" for one in found))


def _said(found: Finding) -> str:
    """The sentence for Markdown, without the flags that only the command line needs."""
    return escaped(re.sub(r" \(--[a-z-]+\)", "", found.sentence))


# One click that mends it ---------------------------------------------------------------------------------------------

def _fix_button(run: Run, check: str, fix: Fix) -> None:
    name = f"export.fix.{check}"
    if fix.target == "score":
        if st.button(fix.words, key=name, icon=":material/play_circle:",
                     help="Goes to the Score page, with the form filled in as this run was scored."):
            score_form.fill(settings(ScoreSettings, run.manifest.settings | fix.change))
            st.switch_page(frame.SCORE, query_params=state.query())
        return
    where = "Changes the options above." if fix.target == "export" else "Changes the thresholds; undo leads back."
    st.button(fix.words, key=name, icon=":material/build:", help=where, on_click=_mend, args=(fix,))


def _mend(fix: Fix) -> None:
    before: dict[str, Any] = {}
    if fix.target == "export":
        before = {name: FORM.values.get(name) for name in (*fix.change, "trainer")}
        export_choice.take(fix.change)
    else:
        state.choose_setting(state.preset(), fix.applied(state.thresholds(), ExportSettings())[0])
    FORM.values[_FIXED] = (fix, before, state.thresholds())


def _undo_line() -> None:
    """What the last click mended, while it still holds."""
    fix, before, thresholds = FORM.values.get(_FIXED, (None, {}, None))
    if fix is None:
        return
    holds = (all(FORM.values.get(name) == value for name, value in fix.change.items()) if fix.target == "export"
             else state.thresholds() == thresholds and state.can_undo())
    if not holds:
        FORM.values.pop(_FIXED)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/build: Done: {escaped(fix.words)}.", width="content")
        st.button("Undo", key="export.unfix", icon=":material/undo:", type="tertiary", on_click=_unmend,
                  args=(fix, before))


def _unmend(fix: Fix, before: dict[str, Any]) -> None:
    FORM.values.pop(_FIXED, None)
    if fix.target == "thresholds":
        state.undo()
    for name, value in before.items():
        if value is None:
            FORM.values.pop(name, None)
        else:
            FORM.values[name] = value


# What is there all the same ------------------------------------------------------------------------------------------

def _allow_toggle(chosen: Choice, found: Finding) -> None:
    key, read = f"export.allow.{found.check}", chosen.read(found)
    accepted: set[tuple[str, str, str]] = FORM.values.setdefault("allow", set())

    def take(value: bool) -> None:
        (accepted.add if value else accepted.discard)(read)
    state.show(key, read in accepted)
    st.toggle("Go on all the same", key=key, on_change=state.taking(key, take),
              help="Exports in spite of what it says now, and the record tells of it; on the command line --allow "
                   f"{found.check}.")


def _examples(chosen: Choice, found: Finding) -> None:
    """The way to the examples concerned: all of them listed on Explore, or one by one."""
    total = count(len(found.examples))
    if found.check == "empty" and chosen.other is None:
        st.page_link(frame.EXPLORE, label=f"Show the {total} in Explore", icon=":material/search:",
                     query_params=state.query() | {"pick": "under:1"})
        return
    with st.popover("Show the example" if len(found.examples) == 1 else f"Show the {total} examples",
                    icon=":material/search:"):
        _one_by_one(chosen.run, found)


def _one_by_one(run: Run, found: Finding) -> None:
    ids = loaders.table(run).example_ids
    options: np.ndarray = found.examples[:_LISTED]
    one = st.selectbox("Example", options.tolist(), key=f"export.examples.{found.check}",
                       format_func=lambda index: str(ids[index]))
    if len(found.examples) > _LISTED:
        st.caption(f"The first {count(_LISTED)} of {count(len(found.examples))}.")
    if one is not None:
        query = {name: value for name, value in state.query().items() if name != "pick"}
        st.page_link(frame.EXPLORE, label="Open it in Explore", icon=":material/search:",
                     query_params=query | {"example": str(ids[one])})
