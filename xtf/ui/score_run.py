"""The other half of the Score page: estimate, command line, start, and what ran before."""

import time
from typing import Any

import streamlit as st

from xtf import jobs, runs, workspace
from xtf.config import ScoreSettings
from xtf.engine.estimate import duration
from xtf.jobs import Job
from xtf.ui import commands, jobs_view, state
from xtf.ui.state import Form
from xtf.ui.words import count, escaped, size

_FORM = Form("score")
_SHOWN = 10  # ended jobs
_NEWS_SECONDS = 900


def name_field(chosen: ScoreSettings) -> str:
    """The run's name. Raises: SettingsError for one that cannot be a folder's."""
    from xtf.engine.local import default_name

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
                    help="Reads all data and scores a few rows to measure time, memory and disk."):
        jobs.start(estimate, f"Estimate for {name}")
        st.rerun()
    _estimate(estimate)
    st.caption("The same on the command line")
    st.code(commands.shown(argv), language="bash", wrap_lines=True)


def earlier() -> None:
    """The jobs that have ended."""
    ended = [job for job in jobs.list_jobs() if job.state != "running"]
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
        cells = st.columns(4)
        cells[0].metric("Time", duration(found["seconds"]),
                        help=f"At {count(found['tokens_per_second'])} tokens per second, measured on a few rows, "
                             "loading included.")
        cells[1].metric("Tokens", count(found["tokens"]), help=f"{count(found['trainable'])} of them in responses, in "
                                                               f"{count(found['examples'])} examples.")
        cells[2].metric("Memory", size(found["memory_bytes"]), help="Resident memory of the scoring process.")
        cells[3].metric("Disk", size(found["disk_bytes"]), help="What the stored scores will take.")
        for note in found.get("notes", []):
            st.caption(escaped(note))


def latest() -> None:
    """The outcome of the newest scoring job, with the way on."""
    job = next((job for job in jobs.list_jobs() if _scores(job)), None)
    if job is None or job.state == "running" or time.time() - job.updated > _NEWS_SECONDS:
        return
    if job.state == "done" and isinstance(job.result, dict):
        _finished(job.result)
    elif job.state in ("failed", "lost"):
        st.error(escaped(f"{job.label} failed: {job.message}"), icon=":material/error:")


def _scores(job: Job) -> bool:
    return job.argv[:1] == ["score"] and "--estimate" not in job.argv


def _finished(result: dict[str, Any]) -> None:
    name = result.get("name")
    if name not in [manifest.name for manifest in runs.list_runs() if manifest.complete]:
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.success(escaped(f"Run {name} is finished: {result['counts']['examples']:,} examples in "
                         f"{duration(result['seconds'])}."), icon=":material/check_circle:")
    if right.button("Show it", width="stretch", type="primary"):
        state.choose_run(str(name))
        st.switch_page("pages/explore.py", query_params=state.query())
