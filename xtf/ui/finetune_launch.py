"""The Fine-tune page's view Launch: tokens, settings, checks, start. The work is a job of our own command line."""

import streamlit as st

from xtf import jobs, turns, workspace
from xtf.errors import SettingsError, XtfError
from xtf.runs import Run
from xtf.training import source
from xtf.training.settings import TrainSettings
from xtf.ui import (
    commands,
    export_checks,
    export_choice,
    findings,
    finetune_form,
    finetune_tokens,
    frame,
    launching,
    state,
)
from xtf.ui.export_choice import Choice
from xtf.ui.findings import Desk
from xtf.ui.finetune_form import FORM
from xtf.ui.finetune_standing import AT_WORK, Standing
from xtf.ui.finetune_tokens import Tokens
from xtf.words import escaped


def section(run: Run, known: dict[str, Standing]) -> None:
    """The whole view. Raises: SettingsError, StoreError."""
    settings, fault = _settings()
    tokens = finetune_tokens.choose(run)
    if tokens is None:
        return
    finetune_tokens.numbers(tokens, settings)
    form, panel = frame.cards("finetune", [1, 1], gap="large")
    with form:
        st.subheader("Settings", anchor=False)
        finetune_form.sections()
    with panel:
        st.subheader("Ready?", anchor=False)
        allow, why_not = _checked(run, tokens)
        st.subheader("Start", anchor=False)
        with frame.told():
            _start(tokens, settings, allow, fault or why_not, known)


def _settings() -> tuple[TrainSettings, str]:
    """The form's settings, or the defaults and what is wrong with the form's."""
    try:
        return finetune_form.chosen(), ""
    except SettingsError as error:
        return TrainSettings(), str(error)


def _checked(run: Run, tokens: Tokens) -> tuple[tuple[str, ...], str]:
    """Draws the checks. What was accepted by name, and why it cannot start, or nothing."""
    if tokens.strategy is None or tokens.strategy in source.UNCHECKED:
        st.caption("Nothing to check: " + ("an export was checked when it was prepared." if tokens.strategy is None else
                   "the checks are about what thresholds keep."))
        return (), ""
    choice = Choice(run, state.preset(), state.thresholds(), source.CHECKED, None)
    try:
        found = export_checks.findings(choice)
    except XtfError as error:
        frame.fault(str(error))
        return (), "The checks could not be made."
    desk = Desk("finetune", FORM, run, "Trains", export_choice.take, elsewhere=frame.EXPORT)
    why_not = findings.cards(desk, found or [])
    return desk.allowed(found or []), why_not


def _start(tokens: Tokens, settings: TrainSettings, allow: tuple[str, ...], why_not: str,
           known: dict[str, Standing]) -> None:
    """Name, button, command line. Raises: SettingsError for a name that cannot be a folder's."""
    name = _name(tokens, known)
    argv = commands.train(tokens.source, tokens.labels, settings, name, allow)
    if name in known and known[name].state in AT_WORK:
        why_not = f"{name} is at work: watch it, or choose another name."
    if launching.started("finetune", argv, f"Fine-tuning {name}", why_not, _before(name, argv, why_not, known)):
        FORM.values.pop("name", None)
        state.choose_own(training=name, view="watch")
        st.rerun()


def _before(name: str, argv: list[str], why_not: str, known: dict[str, Standing]) -> str:
    """What to know before the button is pressed."""
    if why_not:
        return f":material/block: {escaped(why_not)}"
    if name in known:
        return (f"There is a fine-tune of this name ({known[name].state}): with the same tokens and settings it is "
                "resumed, else it is refused.")
    waiting = sum(turns.lane(job.argv) == turns.lane(argv) for job in jobs.running())
    if waiting:
        before = "1 job is" if waiting == 1 else f"{waiting} jobs are"
        return f"{before} at work on this device: this one is queued and starts by itself."
    return "It starts at once."


def _name(tokens: Tokens, known: dict[str, Standing]) -> str:
    key, usual = "finetune.name", _free(tokens.stem, known)
    state.show(key, FORM.values.get("name", ""))
    st.text_input("Name of the fine-tune", key=key, placeholder=usual, on_change=FORM.taking("name", key),
                  help="Under this name it is stored, watched and compared.")
    return workspace.checked_name(FORM.values.get("name") or usual)


def _free(stem: str, known: dict[str, Standing]) -> str:
    """The name, with a number behind it where it is taken."""
    stem = stem[:70].rstrip(" ")
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(known) + 3))]
    return next(name for name in names if name not in known)
