"""Runs that are not finished: said on every page that shows one, and resumed with one click."""

import streamlit as st

from xtf import jobs, runs
from xtf.config import ScoreSettings, settings
from xtf.errors import StoreError
from xtf.runs import Run
from xtf.store import Manifest
from xtf.ui import commands
from xtf.words import count, escaped


def banner(run: Run) -> None:
    """How much of the run the page shows, and the way on. Nothing for a finished one."""
    if run.complete or (known := run.partial) is None:
        return
    shown = f"{count(known.examples)} of {count(run.manifest.counts.get('examples', 0))} examples"
    left, right = st.container(key="cards-unfinished").columns([5, 1], vertical_alignment="center")
    if being_scored(run):
        left.info(f"This run is being scored: the first {shown} are shown.", icon=":material/hourglass_top:")
        right.button("Show what is new", width="stretch")
    else:
        left.warning(f"Unfinished: {shown} are scored, and only these are shown.",
                     icon=":material/incomplete_circle:")
        if right.button("Resume", type="primary", icon=":material/play_arrow:", width="stretch",
                        disabled=bool(jobs.running()), help="Another job is running." if jobs.running() else
                        "Starts the same command again in the background. What is scored is kept."):
            resume(run.manifest)


def being_scored(run: Run) -> bool:
    """Whether a process holds the run, be it a job or a command line; a job that was just started will."""
    if any(job.argv[:1] == ["score"] and run.name in job.argv for job in jobs.running()):
        return True
    try:
        with run.locked():
            return False
    except (StoreError, OSError):
        return True


def resume(manifest: Manifest) -> None:
    """Starts the scoring of an unfinished run again, as a job. Raises: JobError, StoreError."""
    argv = commands.score(settings(ScoreSettings, manifest.settings), manifest.name)
    jobs.start(argv, f"Scoring {manifest.name}")
    st.rerun()


def scored(manifest: Manifest) -> str:
    """`finished`, or how much of the run is."""
    if manifest.complete:
        return "finished"
    known = runs.open_run(manifest.name).partial
    total = count(manifest.counts.get("examples", 0))
    return f"unfinished, {count(known.examples)} of {total}" if known else "unfinished"


def told(name: str) -> str:
    """The same of the run of that name as the end of a sentence; nothing where there is none to show."""
    try:
        known = runs.open_run(name).partial
    except StoreError:
        return ""
    return escaped(f" {count(known.examples)} examples are scored and can be looked at.") if known else ""
