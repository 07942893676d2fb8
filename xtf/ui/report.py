"""The report on the Export page: made by a job, then taken away."""

import hashlib
import json
from pathlib import Path

import streamlit as st

import xtf
from xtf import workspace
from xtf.runs import Run
from xtf.ui import asked, commands, downloads, loaders, state
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
    if asked.waiting(argv, "report-progress"):
        return
    if st.button("Make the report", icon=":material/description:",
                 help="Takes some seconds. The page stays usable meanwhile."):
        asked.start(argv, f"Report on {run.name}")


def _download(run: Run, path: Path) -> None:
    downloads.button(f"Download the report, {size(path.stat().st_size)}", path,
                     f"{run.name}-{state.preset()}-report.html", key="report.download", type="secondary",
                     help="Most of it is the library that draws the figures.")
