"""What preflight finds, as cards: each with the click that mends it, and stops with the way to go on all the same."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from xtf.config import ExportSettings, ScoreSettings, settings
from xtf.preflight import Finding, Fix
from xtf.runs import Run
from xtf.ui import frame, loaders, score_form, state
from xtf.ui.state import Form
from xtf.words import count, escaped

_LEVELS = {"stop": ("Stop", ":material/block:", "red"), "accepted": ("Stop, accepted", ":material/block:", "orange"),
           "note": ("Note", ":material/info:", "orange"),
           "good": ("Good", ":material/check_circle:", "green")}
_LISTED = 1000  # examples to choose from
_FIXED = "fixed"  # what the last click mended, so that it can be taken back


class Desk(NamedTuple):
    """The page that shows findings: how its widgets' keys begin, its form, and what it is about to do with the run."""

    name: str
    form: Form
    run: Run
    accepting: str  # what going on all the same does
    take: Callable[[Mapping[str, Any]], None]  # puts options of an export into the form that has them
    elsewhere: str | None = None  # the page of that form, if it is another one
    own_tokens: bool = True  # whether rows are in the run's own tokens

    def accepted(self, found: Finding) -> bool:
        return self.read(found) in self.accepts

    @property
    def accepts(self) -> set[tuple[str, str, str]]:
        accepts: set[tuple[str, str, str]] = self.form.values.setdefault("allow", set())
        return accepts

    def read(self, found: Finding) -> tuple[str, str, str]:
        """What somebody has read who accepts a finding. Once it says something else, it is not accepted any more."""
        return self.run.manifest.run_id, found.check, found.sentence

    def allowed(self, found: Sequence[Finding]) -> tuple[str, ...]:
        """The stops that were accepted as they stand there now."""
        return tuple(one.check for one in found if one.level == "stop" and self.accepted(one))


def cards(desk: Desk, found: Sequence[Finding]) -> str:
    """Draws all findings, what needs a decision first. Returns why it cannot go on, or nothing."""
    stops = sum(one.level == "stop" and not desk.accepted(one) for one in found)
    st.markdown(_summary(found, stops))
    _undo_line(desk)
    for level in ("stop", "note"):
        for one in found:
            if one.level == level:
                _card(desk, one)
    _good([one for one in found if one.level == "good"])
    return _why_not(stops)


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


def _card(desk: Desk, found: Finding) -> None:
    word, icon, colour = _LEVELS["accepted" if found.level == "stop" and desk.accepted(found) else found.level]
    with st.container(border=True, key=f"finding-{found.check}", gap="small"):
        st.markdown(f":{colour}-badge[{icon} {word}] &nbsp;**{escaped(found.title)}**")
        st.markdown(_said(found))
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            if found.fix:
                _fix_button(desk, found.check, found.fix)
            if found.level == "stop":
                _allow_toggle(desk, found)
            if len(found.examples):
                _examples(desk, found)


def _good(found: Sequence[Finding]) -> None:
    if found:
        with st.expander(f"What is good ({len(found)})", icon=":material/check_circle:"):
            st.markdown("\n".join(f"- **{escaped(one.title)}**: {_said(one)}" for one in found))


def _said(found: Finding) -> str:
    """The sentence for Markdown, without the flags that only the command line needs."""
    return escaped(re.sub(r" \(--[a-z-]+\)", "", found.sentence))


# One click that mends it ---------------------------------------------------------------------------------------------

def _fix_button(desk: Desk, check: str, fix: Fix) -> None:
    name = f"{desk.name}.fix.{check}"
    if fix.target == "score":
        if st.button(fix.words, key=name, icon=":material/play_circle:",
                     help="Goes to the Score page, with the form filled in as this run was scored."):
            score_form.fill(settings(ScoreSettings, desk.run.manifest.settings | fix.change))
            st.switch_page(frame.SCORE, query_params=state.query())
    elif fix.target == "export" and desk.elsewhere:
        if st.button(f"{fix.words}, in an export", key=name, icon=":material/download:",
                     help="Goes to the Export page, with this option set: train on what is prepared there."):
            desk.take(fix.change)
            st.switch_page(desk.elsewhere, query_params=state.query())
    else:
        where = "Changes the options above." if fix.target == "export" else "Changes the thresholds; undo leads back."
        st.button(fix.words, key=name, icon=":material/build:", help=where, on_click=_mend, args=(desk, fix))


def _mend(desk: Desk, fix: Fix) -> None:
    before: dict[str, Any] = {}
    if fix.target == "export":
        before = {name: desk.form.values.get(name) for name in (*fix.change, "trainer")}
        desk.take(fix.change)
    else:
        state.choose_setting(state.preset(), fix.applied(state.thresholds(), ExportSettings())[0])
    desk.form.values[_FIXED] = (fix, before, state.thresholds())


def _undo_line(desk: Desk) -> None:
    """What the last click mended, while it still holds."""
    fix, before, thresholds = desk.form.values.get(_FIXED, (None, {}, None))
    if fix is None:
        return
    holds = (all(desk.form.values.get(name) == value for name, value in fix.change.items())
             if fix.target == "export" else state.thresholds() == thresholds and state.can_undo())
    if not holds:
        desk.form.values.pop(_FIXED)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/build: Done: {escaped(fix.words)}.", width="content")
        st.button("Undo", key=f"{desk.name}.unfix", icon=":material/undo:", type="tertiary", on_click=_unmend,
                  args=(desk.form, fix, before))


def _unmend(form: Form, fix: Fix, before: dict[str, Any]) -> None:
    form.values.pop(_FIXED, None)
    if fix.target == "thresholds":
        state.undo()
    for name, value in before.items():
        if value is None:
            form.values.pop(name, None)
        else:
            form.values[name] = value


# What is there all the same ------------------------------------------------------------------------------------------

def _allow_toggle(desk: Desk, found: Finding) -> None:
    key, read, accepted = f"{desk.name}.allow.{found.check}", desk.read(found), desk.accepts

    def take(value: bool) -> None:
        (accepted.add if value else accepted.discard)(read)
    state.show(key, read in accepted)
    st.toggle("Go on all the same", key=key, on_change=state.taking(key, take),
              help=f"{desk.accepting} in spite of what it says now, and the record tells of it; on the command line "
                   f"--allow {found.check}.")


def _examples(desk: Desk, found: Finding) -> None:
    """The way to the examples concerned: all of them listed on Explore, or one by one."""
    total = count(len(found.examples))
    if found.check == "empty" and desk.own_tokens:
        st.page_link(frame.EXPLORE, label=f"Show the {total} in Explore", icon=":material/search:",
                     query_params=state.query() | {"pick": "under:1"})
        return
    with st.popover("Show the example" if len(found.examples) == 1 else f"Show the {total} examples",
                    icon=":material/search:"):
        _one_by_one(desk, found)


def _one_by_one(desk: Desk, found: Finding) -> None:
    ids = loaders.table(desk.run).example_ids
    options: np.ndarray = found.examples[:_LISTED]
    one = st.selectbox("Example", options.tolist(), key=f"{desk.name}.examples.{found.check}",
                       format_func=lambda index: str(ids[index]))
    if len(found.examples) > _LISTED:
        st.caption(f"The first {count(_LISTED)} of {count(len(found.examples))}.")
    if one is not None:
        query = {name: value for name, value in state.query().items() if name != "pick"}
        st.page_link(frame.EXPLORE, label="Open it in Explore", icon=":material/search:",
                     query_params=query | {"example": str(ids[one])})
