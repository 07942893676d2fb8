"""The other half of the Score page: estimate, command line, start, and what ran before."""

import time
from typing import Any

import streamlit as st

from xtf import jobs, runs, workspace
from xtf.config import ScoreSettings
from xtf.jobs import Job
from xtf.progress import duration
from xtf.ui import commands, frame, jobs_view, state, unfinished
from xtf.ui.state import Form
from xtf.words import count, escaped
from xtf.workspace import size

_FORM = Form("score")
_SHOWN = 10  # ended jobs
_NEWS_SECONDS = 900


def name_field(chosen: ScoreSettings) -> str:
    """The run's name. Raises: SettingsError for one that cannot be a folder's."""
    from xtf.engine.identity import default_name

    key = "score.run"
    state.show(key, _FORM.values.get("run", ""))
    st.text_input("Name of the run", key=key, placeholder=default_name(chosen), on_change=_FORM.taking("run", key),
                  help="Under this name the run is stored and shown. An unfinished run of the same name, data and "
                       "model is resumed.")
    return workspace.checked_name(_FORM.values.get("run") or default_name(chosen))


def section(chosen: ScoreSettings) -> None:
    """Name, start and estimate, one job at a time: two would share the machine and both take longer. Raises:
    SettingsError for a name that cannot be a folder's."""
    st.subheader("Run", anchor=False)
    name = name_field(chosen)
    argv, estimate = commands.score(chosen, name), commands.score(chosen, estimate=True)
    busy = bool(jobs.running())
    left, right = st.columns(2)
    if left.button("Start scoring", type="primary", width="stretch", disabled=busy, icon=":material/play_arrow:",
                   help="Another job is running." if busy else "Runs in the background: you may close this page."):
        jobs.start(argv, f"Scoring {name}")
        state.choose_example(None)
        st.rerun()
    if right.button("Estimate first", width="stretch", disabled=busy, icon=":material/timer:",
                    help="Reads all data and scores a few batches to measure time, memory and disk."):
        jobs.start(estimate, f"Estimate for {name}")
        st.rerun()
    if not busy:  # a run at work tells its own progress
        _estimate(estimate)
    st.caption("The same on the command line")
    st.code(commands.shown(argv), language="bash", wrap_lines=True)


def earlier() -> None:
    """The scoring jobs that have ended."""
    ended = [job for job in jobs.list_jobs() if job.state != "running" and job.argv[0] == "score"]
    if ended:
        st.subheader("Earlier jobs", anchor=False)
        jobs_view.history(ended[:_SHOWN])


def _estimate(argv: list[str]) -> None:
    """The newest estimate of exactly these settings."""
    job = next((job for job in jobs.list_jobs() if job.argv == argv), None)
    if job is None or job.state == "running":
        return
    if job.state != "done" or not isinstance(job.result, dict):
        if job.message:
            st.error(escaped(job.message), icon=":material/error:")
        return
    _estimate_numbers(job.result)


def _estimate_numbers(found: dict[str, Any]) -> None:
    with st.container(border=True):
        st.markdown(escaped(found["sentence"]))
        cells = frame.numbers("estimate", 4)
        cells[0].metric("Time", duration(found["seconds"]),
                        help=f"At {count(found['tokens_per_second'])} tokens per second, measured on a few batches; "
                             "reading and loading included.")
        cells[1].metric("Tokens", count(found["tokens"]), help=f"{count(found['trainable'])} of them in responses, in "
                                                               f"{count(found['examples'])} examples.")
        cells[2].metric("Memory", size(found["memory_bytes"]), help="The most that scoring will need at once.")
        cells[3].metric("Disk", size(found["disk_bytes"]), help="What the stored scores will take.")
        for warning in found["warnings"]:
            st.warning(escaped(warning), icon=":material/warning:")
        for note in found["notes"]:
            st.caption(escaped(note))


def latest() -> None:
    """The outcome of the newest scoring job, with the way on. What can be resumed stays until it is."""
    job = next((job for job in jobs.list_jobs() if _scores(job)), None)
    if job is None or job.state == "running":
        return
    if job.state != "done":
        _ended(job)
    elif isinstance(job.result, dict) and time.time() - job.updated < _NEWS_SECONDS:
        _finished(job.result)


def _ended(job: Job) -> None:
    """A job that was cancelled, lost or that failed: what became of it, and how it goes on."""
    left, right = frame.cards("ended", [4, 1], vertical_alignment="center")
    name = job.argv[job.argv.index("--run") + 1] if "--run" in job.argv else ""
    words = {"cancelled": "was cancelled.", "lost": f"was lost. {job.message}"}.get(job.state, f"failed: {job.message}")
    say = left.info if job.state == "cancelled" else left.error
    say(f"{escaped(f'{job.label} {words}')}{unfinished.told(name)}",
        icon=":material/cancel:" if job.state == "cancelled" else ":material/error:")
    if right.button("Resume", type="primary", width="stretch", key=f"resume-{job.id}", icon=":material/replay:",
                    disabled=bool(jobs.running())):
        jobs.again(job.id)
        st.rerun()


def _scores(job: Job) -> bool:
    return job.argv[:1] == ["score"] and "--estimate" not in job.argv


def _finished(result: dict[str, Any]) -> None:
    name = result.get("name")
    if name not in [manifest.name for manifest in runs.list_runs() if manifest.complete]:
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    told = ("and holds exactly this: nothing was scored again" if result.get("known") else
            f": {result['counts']['examples']:,} examples in {duration(result['seconds'])}")
    left.success(escaped(f"Run {name} is finished{'' if told[0] == ':' else ' '}{told}."),
                 icon=":material/check_circle:")
    if right.button("Show it", width="stretch", type="primary"):
        state.choose_run(str(name))
        st.switch_page("pages/explore.py", query_params=state.query())
