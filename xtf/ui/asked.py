"""A question that a job answers with a run's model: started once, watched where it was asked, its fault told there."""

import contextlib
import time
from collections.abc import Mapping, Sequence

import streamlit as st

from xtf import jobs
from xtf.errors import JobError
from xtf.jobs import Job
from xtf.ui import jobs_view
from xtf.words import escaped

_NEWS_SECONDS = 900
_REMEMBERED = 5  # ended jobs of one command: many are asked for, and their answers are kept elsewhere


def latest(argv: Sequence[str]) -> Job | None:
    """The newest job of exactly that command."""
    return next((job for job in jobs.list_jobs() if job.argv == list(argv)), None)


def start(argv: Sequence[str], label: str) -> None:
    """`begin`, and draws the page anew. Raises: JobError, StoreError."""
    begin(argv, label)
    st.rerun()


def begin(argv: Sequence[str], label: str, environment: Mapping[str, str] | None = None) -> None:
    """Starts it; one that is at work already is only watched. `environment`: as `jobs.start`. Raises: JobError,
    StoreError."""
    job = latest(argv)
    if job is None or job.state != "running":
        jobs.start(argv, label, environment)
        _tidy(argv[0])


def _tidy(command: str) -> None:
    ended = [job for job in jobs.list_jobs() if job.argv[:1] == [command] and job.state != "running"]
    for job in ended[_REMEMBERED:]:
        with contextlib.suppress(JobError, OSError):  # another page tidies up, too
            jobs.forget(job.id)


def waiting(argv: Sequence[str], key: str) -> bool:
    """Draws the job's progress while it works, which follows by itself and draws the page anew at its end; a job that
    failed shortly ago is told. Whether the answer is still to come."""
    job = latest(argv)
    if job is None:
        return False
    if job.state == "running":
        jobs_view.watch(lambda running: jobs_view.progresses([one for one in running if one.argv == list(argv)]), key)
        return True
    if job.state in ("failed", "lost") and time.time() - job.updated < _NEWS_SECONDS:
        st.error(escaped(job.message), icon=":material/error:")
    return False
