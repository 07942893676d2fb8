"""The upper part of the Settings page: the thresholds as they are now, kept under a name, as a file, and those that
were kept before."""

import math

import pandas as pd
import streamlit as st

from xtf import changes, saved, strategies
from xtf.config import PRESETS, Thresholds
from xtf.errors import SettingsError
from xtf.runs import Run
from xtf.ui import compare, frame, launching, loaders, state
from xtf.ui.state import Form
from xtf.words import escaped

_FORM = Form("settings")
_NEEDED = {"any": "any attribute", "two": "at least two attributes", "all": "all three attributes"}
_PROTECTED = {"protect_eos": "the end of turn", "protect_final_answer": "the final answer"}
_LISTED = 6  # overrides


def now(run: Run) -> None:
    """The present settings in words, and the ways to keep them or to take others."""
    left, right = frame.cards("settings", 2, gap="medium")
    with left.container(border=True, height="stretch"):
        _present()
        _open()
    with right.container(border=True, height="stretch"):
        _save(run)


def _present() -> None:
    thresholds = state.thresholds()
    st.subheader("Now", anchor=False)
    st.caption(f"Preset {escaped(state.preset())}{'' if state.unchanged() else ', changed'}")
    st.markdown(in_words(thresholds))
    undo, redo, change = st.columns([1, 1, 1.4], vertical_alignment="center")
    undo.button("Undo", help=state.undo_words(), icon=":material/undo:", width="stretch", key="settings.undo",
                disabled=not state.can_undo(), on_click=state.undo)
    redo.button("Redo", help=state.redo_words(), icon=":material/redo:", width="stretch", key="settings.redo",
                disabled=not state.can_redo(), on_click=state.redo)
    with change:
        frame.link(frame.THRESHOLDS, "Move the cutoffs")


def _combined(thresholds: Thresholds) -> list[str]:
    """How the three rules go together."""
    lines = [f"A token is dropped where it fails **{_NEEDED[thresholds.combine]}**"]
    if spared := [words for name, words in _PROTECTED.items() if getattr(thresholds, name)]:
        lines.append(f"Never dropped by a rule: {' and '.join(spared)}")
    return [*lines, *(["Uninformative scores are used"] if thresholds.insist else [])]


def in_words(thresholds: Thresholds) -> str:
    """All that decides, as a Markdown list; texts from data escaped."""
    lines = [f"**{name}** {escaped(words)}" for name, words in strategies.told(thresholds)]
    if thresholds.strategy.kind in ("xtf", "random"):
        lines += _combined(thresholds)
    by_hand = [escaped(changes.decision(override)) for override in thresholds.overrides]
    if by_hand:
        more = f" and {len(by_hand) - _LISTED} more" if len(by_hand) > _LISTED else ""
        lines.append(f"By hand: {', '.join(by_hand[:_LISTED])}{more}")
    return "\n".join(f"- {line}" for line in lines)


def _save(run: Run) -> None:
    with st.form("settings.save", border=False):
        st.subheader("Save", anchor=False)
        name = st.text_input("Name", max_chars=80, placeholder="strict-on-novelty",
                             help="Letters, digits, dots, dashes and underscores.")
        note = st.text_input("Note", max_chars=500, placeholder="What they are for; may stay empty.")
        replace, button = st.columns([2, 1], vertical_alignment="center")
        overwrite = replace.checkbox("Replace settings of that name")
        if button.form_submit_button("Save", icon=":material/save:", width="stretch"):
            with frame.told():
                saved.save(name.strip(), state.thresholds(), state.preset(), note.strip(), origin(run), overwrite)
                st.toast(f"Saved as {escaped(name.strip())}.", icon=":material/check_circle:")
    thresholds, preset = state.thresholds(), state.preset()  # as they are now: the file is made when it is asked for
    st.download_button("Download as YAML", lambda: saved.to_yaml(thresholds, preset, run=origin(run)),
                       f"{run.name}-{preset}.yaml", "application/yaml", icon=":material/download:",
                       on_click="ignore", key="settings.download")


def origin(run: Run) -> saved.Origin:
    return saved.Origin(name=run.name, id=run.manifest.run_id)


def _open() -> None:
    """Settings from a file or from the clipboard."""
    with st.expander("Open settings from a file", icon=":material/upload:"), frame.told():
        content = launching.yaml_given(
            "settings.yaml", "preset: corrected\nthresholds:\n  novelty: {kind: cutoff, value: 0.9}")
        if content is not None:
            found = saved.from_yaml(content)
            state.choose_setting(found.preset, found.thresholds)
            st.rerun()


def shelf(run: Run) -> None:
    """The saved settings, with what each keeps of this run."""
    st.subheader("Saved settings", anchor=False)
    found, faults = saved.listed()
    for fault in faults:
        frame.fault(fault)
    if not found:
        st.caption("None yet: what you save above is listed here, and on the command line by xtf settings.")
        return
    st.dataframe(_rows(run, found), hide_index=True, alt="Saved settings", column_config={
        "name": st.column_config.TextColumn("Name", width=150),
        "preset": st.column_config.TextColumn("Based on", width=100),
        "kept": st.column_config.NumberColumn("Kept", format="%.2f %%", width=80,
                                              help="Share of this run's response tokens. Empty where these settings "
                                                   "need scores that the run does not hold."),
        "differs": st.column_config.TextColumn("Differs in", width=330),
        "note": st.column_config.TextColumn("Note", width=180),
        "created": st.column_config.DatetimeColumn("Created", format="YYYY-MM-DD HH:mm", timezone="UTC",
                                                   help="In UTC.")})
    _actions({one.name: one for one in found})


def _rows(run: Run, found: list[saved.Saved]) -> pd.DataFrame:
    rows = [{"name": one.name, "preset": one.preset, "kept": _kept(run, one.thresholds),
             "differs": changes.in_words(changes.between(PRESETS[one.preset][1], one.thresholds), 4) or "as the preset",
             "note": one.note, "created": one.created} for one in found]
    table = pd.DataFrame(rows)
    return table.assign(created=pd.to_datetime(table["created"], errors="coerce", utc=True, format="ISO8601"))


def _kept(run: Run, thresholds: Thresholds) -> float:
    """In percent; NaN where the run does not hold the scores."""
    try:
        return 100 * float(loaders.summary(run, thresholds)["kept_share"])
    except SettingsError:
        return math.nan


def _actions(known: dict[str, saved.Saved]) -> None:
    """What can be done with one of them."""
    box, use, against, delete = frame.numbers("saved", 4, vertical_alignment="bottom")
    key = "settings.chosen"
    chosen = _FORM.values.get("chosen")
    state.show(key, chosen if chosen in known else next(iter(known)))
    name = str(box.selectbox("Saved as", list(known), key=key, filter_mode=None, on_change=_FORM.taking("chosen", key)))
    one = known[name]
    use.button("Use", icon=":material/check:", width="stretch", key="settings.use", on_click=state.choose_setting,
               args=(one.preset, one.thresholds), help="Takes these as the present thresholds; undo leads back.",
               disabled=(one.preset, one.thresholds) == (state.preset(), state.thresholds()))
    against.button("Compare", icon=":material/compare_arrows:", width="stretch", key="settings.compare",
                   on_click=compare.put, args=(compare.NOW, compare.key(name)),
                   help="Shows below what these would change against the present ones.")
    with delete.popover("Delete", icon=":material/delete:", width="stretch"):
        st.markdown(f"Delete **{escaped(name)}** for good?")
        st.button("Delete it", key="settings.delete", type="primary", on_click=_delete, args=(name,))


def _delete(name: str) -> None:
    _FORM.values.pop("chosen", None)
    try:
        saved.delete(name)
    except SettingsError:  # another session was faster
        return


