"""The Value page: inputs with their sources, the return as a range, what may be said of it, and the way there."""

from pathlib import Path

import streamlit as st

from xtf import roadmap
from xtf.comparison.folder import Comparison, list_comparisons
from xtf.comparison.result import Result, result
from xtf.errors import SettingsError
from xtf.runs import Run
from xtf.ui import frame, loaders, state, value_inputs, value_result
from xtf.ui.state import Form
from xtf.value.inputs import Inputs, inputs
from xtf.value.measured import Compared, Measured, compared, finished, measured
from xtf.words import escaped

FORM = Form("value")
_NONE = "none: assumptions only"


def views(run: Run) -> None:
    """The return, then the roadmap. Raises: SettingsError, StoreError."""
    value, plan = st.tabs(["Return", "Roadmap"])
    with value, frame.told():
        calculator(run)
    with plan:
        checklist()


def without_run() -> None:
    """The checklist is of use before there is a run."""
    frame.no_run()
    checklist()


def calculator(run: Run) -> None:
    """What it comes to on top, inputs on the left, what stands behind it on the right. Raises: StoreError."""
    top = st.container()
    left, right = frame.cards("value", [1, 1], gap="large")
    with left:
        found = _comparison(run)
        made = _inputs(measured(run.manifest, _kept_share(run), found))
        value_inputs.section(made)
    with top:
        result = value_result.headline(made)
    with right:
        value_result.behind(run, made, found, result)


def _inputs(of: dict[str, Measured]) -> Inputs:
    """What is faulty of what was given is told, and forgotten: only text can be."""
    try:
        return inputs(of, value_inputs.given())
    except SettingsError as error:
        frame.fault(str(error))
        value_inputs.FORM.values.pop("currency", None)
        return inputs(of, value_inputs.given())


def _kept_share(run: Run) -> float | None:
    """None where this run cannot be judged by the thresholds."""
    try:
        return float(loaders.summary(run, state.thresholds())["kept_share"])
    except SettingsError:
        return None


def _comparison(run: Run) -> Compared | None:
    """The finished comparison whose figures are used: the newest unless another was chosen."""
    there = {one.name: one for one in finished(run)}
    if not there:
        unfinished = " One is begun." if list_comparisons() else ""
        st.info("No comparison of this run is finished, so training time and accuracy are not measured: nothing is "
                f"claimed of them.{unfinished}", icon=":material/balance:")
        frame.link(frame.COMPARE, "Compare XTF with normal fine-tuning")
        return None
    names, key = [*there, _NONE], "value.comparison"
    wanted = FORM.values.get("comparison")
    if wanted not in names:
        wanted = names[0]
    state.show(key, wanted)
    st.selectbox("Measured by the comparison", names, key=key, on_change=FORM.taking("comparison", key),
                 filter_mode=None, help="A finished comparison of this run: step time, training speed and accuracy "
                                        "come from it.")
    return compared(there[wanted], result_of(there[wanted])) if wanted in there else None


def stamp(comparison: Comparison) -> tuple[str, str]:
    """What a cached result of a finished comparison is kept under: its folder, and when each part was written."""
    parts = [comparison.base, *(made.evaluation(str(comparison.held_out)) for arm in comparison.arms
                                if (made := comparison.trained(arm)))]
    return str(comparison.path), " ".join(str(part.stat().st_mtime_ns) for part in parts if part.exists())


def result_of(comparison: Comparison) -> Result:
    """What a finished comparison has found, cached."""
    return _result(stamp(comparison))


@st.cache_resource(max_entries=8, show_spinner="Working out intervals …")
def _result(identity: tuple[str, str]) -> Result:
    return result(Comparison(Path(identity[0])))


def checklist() -> None:
    """Three phases; each item read off the workspace."""
    st.caption("Read off this workspace's files; nothing is ticked by hand. The weeks are what such projects usually "
               "take, no promise.")
    phases = roadmap.phases()
    for place, (phase, column) in enumerate(zip(phases, frame.cards("roadmap", 3, gap="medium"), strict=True)):
        with column.container(border=True):
            st.markdown(f"**{place + 1}. {phase.title}**")
            st.caption(f"{phase.takes} · {phase.done} of {len(phase.items)} done")
            for number, item in enumerate(phase.items):
                _item(item, f"roadmap.{place}.{number}")


def _item(item: roadmap.Item, key: str) -> None:
    icon, state_words = ("check_circle", "done") if item.done else ("radio_button_unchecked", "to do")
    with st.container(key=key, gap=None):
        frame.link(f"pages/{item.page}.py", item.title, icon=f":material/{icon}:")
        st.caption(f"{state_words.capitalize()}: {escaped(item.told)}")
