"""The Evidence page: what a bench with planted noise has found, how far it is, and the form that starts one."""

from collections.abc import Sequence

import streamlit as st

from xtf import jobs
from xtf.argv import of_settings
from xtf.bench.planted import result
from xtf.bench.planted.result import Result
from xtf.bench.planted.settings import PlantedSettings
from xtf.config import settings
from xtf.errors import StoreError
from xtf.jobs import Job
from xtf.ui import evidence_examples, evidence_result, forms, frame, jobs_view, launching, state
from xtf.ui.state import Form
from xtf.words import count, short

FORM, ASKED = Form("evidence"), Form("evidence-asked")
_LABELS = {"model": "Model", "examples": "Examples of each data set", "seed": "Seed",
           "prepare": "Strategies with reference models, too"}
_WHAT = ("Sentences of boilerplate, sentences of other fields, wrong digits and random words are put into real answers "
         "of maths, code and medicine. The answers are scored like any data, and it is counted how well low scores, "
         "and other strategies, find what was planted.")


def views() -> None:
    """All of it."""
    known = result.known()
    _at_work(known)
    if not known:
        st.info(f"Nothing has been measured yet. {_WHAT}", icon=":material/science:")
        _start()
        return
    found = _chosen(known)
    if found is not None:
        evidence_result.section(found)
        evidence_examples.section(found)
    with st.expander("Measure again, with another model or data of your own", icon=":material/add_circle:"):
        st.markdown(_WHAT)
        _start()


def _at_work(known: list[str]) -> None:
    """Jobs that plant noise, and the last one where it failed."""
    if any(map(_is_ours, jobs.running())):
        def look(running: Sequence[Job]) -> None:
            jobs_view.progresses([job for job in running if _is_ours(job)])

        jobs_view.watch(look, "evidence-work", result.known)
        return
    last = next(filter(_is_ours, jobs.list_jobs()), None)
    if last is not None and last.state in ("failed", "lost", "cancelled"):
        frame.fault(last.message or "It was cancelled: what is scored is kept, and the same command goes on.")
        if st.button("Go on", icon=":material/replay:", key="evidence.again"):
            jobs.again(last.id)
            st.rerun()


def _is_ours(job: Job) -> bool:
    return job.argv[:2] == ["bench", "planted"]


def _chosen(known: list[str]) -> Result | None:
    """The newest, unless another was chosen; what cannot be read is told."""
    wanted = FORM.values.get("key")
    wanted = wanted if wanted in known else known[0]
    if len(known) > 1:
        key = "evidence.key"
        state.show(key, wanted)
        st.selectbox("Measured", known, key=key, on_change=FORM.taking("key", key), filter_mode=None,
                     format_func=_named)
    try:
        return evidence_result.opened(str(wanted))
    except StoreError as error:
        frame.fault(str(error))
        return None


def _named(key: str) -> str:
    """A result among several: model, size, seed."""
    try:
        found = evidence_result.opened(key)
    except StoreError:
        return key
    data = "".join(f", {one.title}" for one in found.sets if one.name.startswith("own"))
    return (f"{short(found.model)}, {count(found.settings.examples)} examples each, seed {found.settings.seed}{data} "
            f"({key})")


def _start() -> None:
    """A form of five fields, and the button with its command line."""
    for cell, name in zip([*st.columns([2, 1, 1]), st.container()], _LABELS, strict=True):
        with cell:
            forms.field(PlantedSettings, name, ASKED.values.get(name, PlantedSettings.model_fields[name].default),
                        lambda value, name=name: ASKED.take(name, value),  # type: ignore[misc]
                        f"evidence.{name}", label=_LABELS[name])
    key = "evidence.own"
    state.show(key, ASKED.values.get("own", ""))
    st.text_input("Your own data, too", key=key, on_change=ASKED.taking("own", key), placeholder="Not needed",
                  help=f"{PlantedSettings.model_fields['data'].description} One here; more on the command line.")
    with frame.told():
        argv = ["bench", "planted", *of_settings(_asked()), "--json"]
        busy = any(map(_is_ours, jobs.running()))
        before = ("It is at work already." if busy else
                  "About three minutes on two cores with the embedded model, a quarter of an hour with reference "
                  "models. The planted data become runs of their own, which Explore shows like any.")
        if launching.started("evidence", argv, "Planting noise", "busy" if busy else "", before):
            st.rerun()


def _asked() -> PlantedSettings:
    """What the form says. Raises: SettingsError."""
    values = {name: ASKED.values[name] for name in _LABELS if name in ASKED.values}
    own = str(ASKED.values.get("own", ""))
    return settings(PlantedSettings, values | ({"data": (forms.absolute(own),)} if own else {}))
