"""Background jobs on the page: progress that follows by itself, cancel, history. The work is in `xtf.jobs`."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import filelock
import streamlit as st

from xtf import jobs, turns, workspace
from xtf.config import ScoreSettings
from xtf.jobs import Job
from xtf.progress import WAITING, line
from xtf.ui import commands
from xtf.words import escaped

DEMO = "demo"
_DEMO_ARGV = commands.score(ScoreSettings(), DEMO)
_EVERY = 1.0  # seconds between looks at a job's files
_SEEN = "xtf.jobs_seen"
_STAGES = {"loading model": "Loading the model", "measuring speed": "Measuring the speed on a few batches",
           "resuming": "Finding what is done already"}
_STATES = {"done": ("finished", ":material/check_circle:"), "failed": ("failed", ":material/error:"),
           "cancelled": ("was cancelled", ":material/cancel:"), "lost": ("was lost", ":material/error:")}


def watch(show: Callable[[Sequence[Job]], None], key: str, also: Callable[[], Any] = lambda: None,
          every: float = _EVERY) -> None:
    """Draws `show(running jobs)` and keeps it fresh while a job runs; when that ends, or `also` gives something else
    than before, the page is drawn anew."""
    watched, before = [job.id for job in jobs.running()], also()

    def look() -> None:
        running = jobs.running()
        if [job.id for job in running] != watched or also() != before:
            st.rerun()
        show(running)

    st.fragment(look, run_every=every if watched else None, key=key)()


def announce() -> None:
    """Says once which jobs have ended since this session looked last."""
    found = jobs.list_jobs()
    running = {job.id for job in found if job.state == "running"}
    for job in found:
        if job.id in running or job.id not in st.session_state.get(_SEEN, ()):
            continue
        words, icon = _STATES.get(job.state, (job.state, ""))
        st.toast(escaped(f"{job.label} {words}."), icon=icon)
    st.session_state[_SEEN] = running


def badge(running: Sequence[Job]) -> None:
    """What is at work, for the sidebar."""
    for job in running:
        share = job.done / job.total if job.total else 0.0
        st.progress(min(1.0, share), text=escaped(job.label))
        st.caption(escaped(_line(job, short=True)))


def progresses(running: Sequence[Job]) -> None:
    """All running jobs, a box for each."""
    for job in running:
        with st.container(border=True):
            progress(job)


def progress(job: Job) -> None:
    """One running job: stage, bar, speed, time left."""
    st.progress(min(1.0, job.done / job.total) if job.total else 0.0, text=f"**{escaped(job.label)}**")
    words, button = st.columns([5, 1], vertical_alignment="center")
    words.caption("  \n".join(map(escaped, [_line(job), *job.notes])))
    if button.button("Cancel", key=f"cancel-{job.id}", width="stretch",
                                help="Ends the job. What is finished is kept, and the same command resumes it."):
        with st.spinner("Ending the job …"):
            jobs.cancel(job.id)
        st.rerun()


def _line(job: Job, short: bool = False) -> str:
    """Stage, how much, how fast, how long still; `short`: without the speed."""
    parts = line(job.done, job.total, job.stage, job.rate)
    stage = _queued(job) if job.stage == WAITING else _STAGES.get(job.stage, job.stage[:1].upper() + job.stage[1:])
    return " · ".join([stage,
                       *(part for part in parts if not (short and part.endswith("/s")))])


def _queued(job: Job) -> str:
    before = len(turns.ahead(job.id))
    return "Waiting for its turn" + (f": {before} {'job' if before == 1 else 'jobs'} before it" if before else "")


def history(found: Sequence[Job]) -> None:
    """Jobs that have ended, newest first: outcome, command, log."""
    for job in found:
        words, icon = _STATES[job.state]
        when = time.strftime("%d %b %Y, %H:%M", time.localtime(job.started))
        with st.expander(f"{escaped(job.label)} {words} · {when}", icon=icon):
            if job.message:
                st.text(job.message)
            st.code(commands.shown(job.argv), language="bash", wrap_lines=True)
            st.caption("Last lines of the log")
            st.code("\n".join(job.log.splitlines()[-25:]) or "The log is empty.", language=None, height=200)
            _history_buttons(job)


def _history_buttons(job: Job) -> None:
    left, right = st.columns(2)
    again = "Resume" if job.argv[0] in ("score", "train") and job.state != "done" else "Run again"
    if left.button(again, key=f"again-{job.id}", icon=":material/replay:", disabled=bool(jobs.running())):
        jobs.again(job.id)
        st.rerun()
    if right.button("Remove from this list", key=f"forget-{job.id}", icon=":material/delete:"):
        jobs.forget(job.id)
        st.rerun()


def demo_job() -> Job | None:
    """The newest job that scores the demo."""
    return next((job for job in jobs.list_jobs() if job.argv == _DEMO_ARGV), None)


def start_demo(again: bool = False) -> bool:
    """Starts scoring the demo unless it runs; once it has ended, only when asked `again`. Whether it was started.

    The lock is for two pages that open at the same moment. Raises: JobError, StoreError.
    """
    try:
        workspace.jobs_dir().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise workspace.disk_error(workspace.jobs_dir(), error) from error
    with filelock.FileLock(workspace.jobs_dir() / ".demo.lock"):
        job = demo_job()
        wanted = job is None or (again and job.state != "running")
        if wanted:
            jobs.start(_DEMO_ARGV, "Scoring the demo")
        return wanted
