"""The form for another comparison: arms, held-out data, what is measured, how arms are trained; checks; start."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from xtf import jobs, runs, turns, workspace
from xtf.comparison.settings import CompareSettings
from xtf.config import Settings, settings
from xtf.errors import XtfError
from xtf.evaluation.settings import EvaluationSettings
from xtf.runs import Run
from xtf.training import source
from xtf.training.folder import list_trainings
from xtf.training.settings import TrainSettings
from xtf.ui import arms_choice, commands, export_checks, export_choice, findings, forms, frame, launching, state
from xtf.ui.arms_work import FORM, Standing
from xtf.ui.export_choice import Choice
from xtf.ui.findings import Desk
from xtf.ui.state import Form
from xtf.words import count, escaped

TRAINING, EVALUATION = Form("arms-training"), Form("arms-evaluation")
_IN_SIGHT = ("method", "learning_rate", "epochs", "batch_examples", "rank", "seed")
_MEASURED = ("task", "examples", "max_new_tokens", "run_code")
_LABELS = {
    "method": "What is trained", "rank": "LoRA rank", "batch_examples": "Batch", "seeds": "Seeds of each strategy",
    "held_out_split": "Split", "held_out_examples": "Only the first", "task": "Answers are marked as",
    "examples": "Evaluate only the first", "max_new_tokens": "Longest answer", "run_code": "Run the written code",
    "seed": "First seed"}
_NAMES = {"method": {"lora": "LoRA adapter", "full": "All weights"},
          "task": {"auto": "What the data's format says", "none": "Nothing: loss only", "maths": "Maths: exact match",
                   "medicine": "Medicine: yes, no or maybe", "code": "Code: pass@k"}}
_STEPS = {"learning_rate": 1e-5, "epochs": 1.0, "max_new_tokens": 32}
_HELD_OUT = {"own": "Another split of this run's data", "run": "A scored run", "data": "File, folder or hub id"}


class Asked(NamedTuple):
    """What the form says."""

    chosen: CompareSettings
    training: TrainSettings
    evaluation: EvaluationSettings


def section(run: Run, known: dict[str, Standing]) -> None:
    """The whole form. Raises: SettingsError for what is out of order."""
    form, panel = frame.cards("arms-form", [1, 1], gap="large")
    with form:
        _arms()
        _held_out(run)
        _measured()
        _training()
    with panel, frame.told():
        asked = _asked()
        st.subheader("Ready?", anchor=False)
        allow, why_not = _checked(run, asked)
        st.subheader("Start", anchor=False)
        _start(run, asked, allow, why_not, known)


def _asked() -> Asked:
    """Raises: SettingsError naming all faults of one part."""
    how = FORM.values.get("held_out_kind", "own")
    named = {"own": None, "run": FORM.values.get("held_out_run"), "data": FORM.values.get("held_out_data")}[how]
    values = {name: FORM.values[name] for name in CompareSettings.model_fields if name in FORM.values}
    chosen = settings(CompareSettings, values | {"held_out": forms.absolute(named) if how == "data" and named
                                                 else named or None})
    return Asked(chosen, settings(TrainSettings, TRAINING.values), settings(EvaluationSettings, EVALUATION.values))


def _arms() -> None:
    st.subheader("Arms", anchor=False)
    arms_choice.arms()
    _field(CompareSettings, FORM, "seeds", help="Each strategy is trained once with each seed, with the same initial "
                                                "weights and data order as the others. At least three.")


def _held_out(run: Run) -> None:
    st.subheader("Held-out data", anchor=False)
    key, how = "arms.held_out_kind", FORM.values.get("held_out_kind", "own")
    state.show(key, how)
    st.selectbox("From", list(_HELD_OUT), key=key, format_func=lambda name: _HELD_OUT[name], filter_mode=None,
                 on_change=FORM.taking("held_out_kind", key))
    if how == "run":
        _held_out_run(run)
        return
    if how == "data":
        forms.field(CompareSettings, "held_out", FORM.values.get("held_out_data"),
                    lambda value: FORM.take("held_out_data", value), "arms.held_out_data", label="Data",
                    help="It is scored with this run's model first, as a run of its own.")
    left, right = st.columns(2)
    with left:
        _field(CompareSettings, FORM, "held_out_split")
    with right:
        _field(CompareSettings, FORM, "held_out_examples")


def _held_out_run(run: Run) -> None:
    """Finished runs of the same model: others' kept and dropped tokens would mean something else."""
    names = [known.name for known in runs.list_runs() if known.complete and known.name != run.name
             and known.model.get("digest") == run.manifest.model.get("digest")]
    if not names:
        st.info("No other run was scored with this model.", icon=":material/info:")
        return
    key, wanted = "arms.held_out_run", FORM.values.get("held_out_run")
    if wanted not in names:
        wanted = names[0]
        FORM.take("held_out_run", wanted)
    state.show(key, wanted)
    st.selectbox("Run", names, key=key, on_change=FORM.taking("held_out_run", key), filter_mode=None)


def _measured() -> None:
    st.subheader("What is measured", anchor=False)
    st.caption("Always: the loss on all held-out response tokens, on those that the thresholds keep, on those that "
               "they drop, and on text that has nothing to do with the task, which tells what is forgotten. Training "
               "losses of different tokens cannot be compared.")
    _fields(EvaluationSettings, EVALUATION, _MEASURED)


def _training() -> None:
    st.subheader("Training", anchor=False)
    known = {made.name: made for made in list_trainings()}
    key = "arms.from"
    st.selectbox("Settings from", list(known), index=None, key=key, placeholder="the defaults, or a fine-tune",
                 filter_mode=None, on_change=lambda: TRAINING.values.update(
                     known[st.session_state[key]].settings.model_dump() if st.session_state[key] in known
                     else TrainSettings().model_dump()))
    _fields(TrainSettings, TRAINING, _IN_SIGHT)


def _fields(kind: type[Settings], form: Form, names: Sequence[str]) -> None:
    cells = st.columns(2)
    for place, name in enumerate(names):
        with cells[place % 2]:
            _field(kind, form, name)


def _field(kind: type[Settings], form: Form, name: str, **options: Any) -> None:
    found = {option: table[name] for option, table in (("label", _LABELS), ("names", _NAMES), ("step", _STEPS))
             if name in table}
    value = form.values.get(name, kind.model_fields[name].default)
    forms.field(kind, name, value, lambda new: form.take(name, new), f"{form.name}.{name}", **found | options)


def _checked(run: Run, asked: Asked) -> tuple[tuple[str, ...], str]:
    """Draws the checks. What was accepted by name, and why it cannot start, or nothing."""
    if "xtf" not in asked.chosen.strategies:
        st.caption("Nothing to check: the checks are about what thresholds keep.")
        return (), ""
    try:
        found = export_checks.findings(Choice(run, state.preset(), state.thresholds(), source.CHECKED, None)) or []
    except XtfError as error:
        frame.fault(str(error))
        return (), "The checks could not be made."
    desk = Desk("arms", FORM, run, "Compares", export_choice.take, elsewhere=frame.EXPORT)
    why_not = findings.cards(desk, found)
    return desk.allowed(found), why_not


def _start(run: Run, asked: Asked, allow: tuple[str, ...], why_not: str, known: dict[str, Standing]) -> None:
    """Name, button, command line. Raises: SettingsError for a name that cannot be a folder's; StoreError."""
    name = _name(run, known)
    labels = commands.threshold_flags(state.preset(), state.thresholds())
    argv = commands.compare(run.name, labels, *asked, name, allow)
    if name in known and known[name].at_work:
        why_not = f"{name} is at work: watch it under Result, or choose another name."
    if launching.started("arms", argv, f"Comparing {name}", why_not, _before(name, asked.chosen, argv, why_not, known)):
        FORM.values.pop("name", None)
        FORM.values["view"] = "result"
        state.choose_own(comparison=name)
        st.rerun()


def _before(name: str, chosen: CompareSettings, argv: list[str], why_not: str, known: dict[str, Standing]) -> str:
    """What to know before the button is pressed."""
    if why_not:
        return f":material/block: {escaped(why_not)}"
    said = arms_choice.cost(chosen)
    if name in known:
        return f"{said} There is a comparison of this name: with the same settings it goes on, else it is refused."
    waiting = sum(turns.lane(job.argv) == turns.lane(argv) for job in jobs.running())
    return f"{said} It waits for {count(waiting)} at work on this device." if waiting else said


def _name(run: Run, known: dict[str, Standing]) -> str:
    stem = f"{run.name[:50]}-compare"
    usual = next(name for name in (stem, *(f"{stem}-{number}" for number in range(2, len(known) + 3)))
                 if name not in known)
    key = "arms.new_name"
    state.show(key, FORM.values.get("name", ""))
    st.text_input("Name of the comparison", key=key, placeholder=usual, on_change=FORM.taking("name", key),
                  help="Its fine-tunes are called after it: NAME-STRATEGY-sSEED.")
    return workspace.checked_name(FORM.values.get("name") or usual)
