"""The report on the Export page: made by a job, then taken away."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

import xtf
from xtf import jobs, workspace
from xtf.jobs import Job
from xtf.runs import Run
from xtf.ui import commands, frame, jobs_view, loaders, state
from xtf.workspace import size


def section(run: Run) -> None:
    """What a report is, the button that makes it for the present thresholds, and the file."""
    st.subheader("Report", anchor=False)
    st.caption("One HTML file about this run at these thresholds, for people who did not make it: what is kept and why "
               "the rest is dropped, in words, figures, tables and ten examples. It opens by double-click and needs no "
               "network.")
    path = place(run)
    if path.is_file():
        _download(run, path)
    else:
        _make(run, path)
    st.caption("The same on the command line")
    st.code(commands.shown(_argv(run, f"{run.name}.html")), language="bash", wrap_lines=True)


def place(run: Run) -> Path:
    """Where the report is made: one file for each different content."""
    parts = [*loaders.identity(run), state.preset(), state.thresholds().model_dump_json(), xtf.__version__]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
    return workspace.home() / "reports" / f"{run.name}-{digest}.html"


def _argv(run: Run, out: Path | str) -> list[str]:
    return ["report", run.name, *commands.threshold_flags(state.preset(), state.thresholds()), "--out", str(out),
            "--json"]


def _make(run: Run, path: Path) -> None:
    argv = [*_argv(run, path), "--overwrite"]
    found = jobs.list_jobs()
    if any(job.argv == argv and job.state == "running" for job in found):
        jobs_view.watch(lambda running: _progress(running, argv), "report-progress")
        return
    last = next((job for job in found if job.argv == argv), None)
    if last and last.state in ("failed", "lost"):
        frame.fault(last.message)
    if st.button("Make the report", icon=":material/description:",
                 help="Takes some seconds. The page stays usable meanwhile."):
        jobs.start(argv, f"Report on {run.name}")
        st.rerun()


def _progress(running: Sequence[Job], argv: list[str]) -> None:
    """The job with its Cancel button; beside others, which the export above lists all, without a second one."""
    mine = [job for job in running if job.argv == argv]
    if len(running) == len(mine):
        jobs_view.progresses(mine)
    else:
        jobs_view.badge(mine)


def _download(run: Run, path: Path) -> None:
    st.download_button(f"Download the report, {size(path.stat().st_size)}", lambda: path.open("rb"),
                       f"{run.name}-{state.preset()}-report.html", "text/html", icon=":material/download:",
                       on_click="ignore", key="report.download",
                       help="Most of it is the library that draws the figures.")
