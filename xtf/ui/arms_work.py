"""How comparisons stand: their folders and the jobs that work on them; arms that are followed live; the way on."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from xtf import jobs, runs
from xtf.comparison import variants
from xtf.comparison.arms import ArmState, states
from xtf.comparison.folder import COMPARISONS, Comparison, list_comparisons
from xtf.errors import XtfError
from xtf.jobs import Job
from xtf.saved import DEFAULT_PRESET
from xtf.ui import commands, frame, jobs_view
from xtf.ui.state import Form, choose_own
from xtf.words import escaped

FORM = Form("arms")
#: State of an arm → in words, while a job works on it and otherwise.
_WORDS = {"waiting": ("waiting", "not begun"), "begun": ("training", "begun"),
          "trained": ("being evaluated", "trained"), "done": ("done", "done"), "failed": ("failed", "failed")}


class Standing(NamedTuple):
    """One comparison. `comparison` is None before it has a folder, `job` where none is known."""

    name: str
    comparison: Comparison | None
    job: Job | None

    @property
    def at_work(self) -> bool:
        return self.job is not None and self.job.state == "running"

    @property
    def elsewhere(self) -> bool:
        """Whether a process that is no job, such as a command line, works on it."""
        return not self.at_work and self.comparison is not None and COMPARISONS.is_held(self.comparison.path)

    @property
    def arms(self) -> list[ArmState]:
        return states(self.comparison) if self.comparison else []

    @property
    def words(self) -> str:
        """How far it is."""
        arms = self.arms
        if not arms:
            return "not begun"
        done = sum(one.state == "done" for one in arms)
        if done == len(arms):
            return "finished"
        return f"{'at work' if self.at_work or self.elsewhere else 'unfinished'}, {done} of {len(arms)} fine-tunes done"


def found() -> dict[str, Standing]:
    """All by name, the newest first; a job that has no folder yet, since it waits or has failed, comes first."""
    by_name = {one.name: one for one in list_comparisons()}
    newest: dict[str, Job] = {}
    for job in jobs.list_jobs():
        if name := name_of(job):
            newest.setdefault(name, job)
    begun = [name for name, job in newest.items() if name not in by_name and job.state != "done"]
    return {name: Standing(name, by_name.get(name), newest.get(name)) for name in (*begun, *by_name)}


def name_of(job: Job) -> str | None:
    """The comparison that a job works on, if that is what it does."""
    if job.argv[:1] != ["compare"] or "--name" not in job.argv[:-1]:
        return None
    return job.argv[job.argv.index("--name") + 1]


def section(one: Standing) -> None:
    """Progress and arms, which follow by themselves while a job is at it; else how it goes on, if it is not done."""
    if one.at_work:
        def look(running: Sequence[Job]) -> None:
            jobs_view.progresses([job for job in running if name_of(job) == one.name])
            _arms(found().get(one.name, one))

        jobs_view.watch(look, "arms-work", lambda: [state.state for state in found().get(one.name, one).arms])
    elif one.words != "finished":
        if one.elsewhere:
            _elsewhere()
        else:
            _ended(one)
        st.space("small")  # the table's own buttons hang above it
        _arms(one)


def _elsewhere() -> None:
    left, right = frame.cards("arms-elsewhere", [4, 1], vertical_alignment="center")
    left.info("Another process works on it, such as a command line.", icon=":material/terminal:")
    right.button("Show what is new", width="stretch", key="arms.refresh")


def _ended(one: Standing) -> None:
    """What became of it, and the button that goes on."""
    left, right = frame.cards("arms-ended", [4, 1], vertical_alignment="center")
    state = one.job.state if one.job else "stopped"
    if state in ("failed", "lost") and one.job:
        left.error(escaped(one.job.message), icon=":material/error:")
    else:
        said = "It was cancelled." if state == "cancelled" else "It is not finished."
        left.info(f"{said} What is done is kept: it goes on where it was stopped.", icon=":material/pause_circle:")
    argv = _command(one)
    if right.button("Resume", type="primary", width="stretch", key="arms.resume", icon=":material/replay:",
                    disabled=argv is None, help="Starts the same command once more; what is done is not done again."
                    if argv else "Its run is not there any more."):
        jobs.start(argv or [], f"Comparing {one.name}")
        st.rerun()
    if one.comparison is None and one.job and right.button(
            "Remove", width="stretch", key="arms.forget", icon=":material/delete:", help="Takes it off this list."):
        jobs.forget(one.job.id)
        choose_own(comparison=None)
        st.rerun()


def _command(one: Standing) -> list[str] | None:
    """The command that goes on with it. None where its run is gone."""
    if one.job:
        return one.job.argv
    made = one.comparison
    if made is None or made.run not in {run.name for run in runs.list_runs()}:
        return None
    return commands.compare(made.run, commands.threshold_flags(DEFAULT_PRESET, made.thresholds), made.settings,
                            made.training, made.evaluation, made.name)


def _arms(one: Standing) -> None:
    """A row for each fine-tune: state, steps, loss, and why it failed."""
    try:
        arms = one.arms
    except XtfError as error:
        frame.fault(str(error))
        return
    if not arms:
        return
    rows = pd.DataFrame([_row(state, one.at_work or one.elsewhere) for state in arms])
    if not any(state.why for state in arms):
        rows = rows.drop(columns="why")
    st.dataframe(rows, hide_index=True, alt="The fine-tunes of this comparison", height="content" if len(rows) < 12
                 else 12 * 35, column_config=_columns())


def _row(state: ArmState, at_work: bool) -> dict[str, Any]:
    share = state.step / state.steps if state.steps else 0.0
    return {"strategy": variants.title(state.arm.strategy), "seed": state.arm.seed,
            "state": _WORDS[state.state][0 if at_work else 1], "steps": min(1.0, share),
            "step": f"{state.step:,} of {state.steps:,}" if state.steps else "", "loss": state.loss, "why": state.why}


def _columns() -> dict[str, Any]:
    return {"strategy": st.column_config.TextColumn("Strategy", width=190),
            "seed": st.column_config.NumberColumn("Seed", width="small"),
            "state": st.column_config.TextColumn("State", width="small"),
            "steps": st.column_config.ProgressColumn("Trained", min_value=0, max_value=1, format="percent"),
            "step": st.column_config.TextColumn("Steps", width="small"),
            "loss": st.column_config.NumberColumn(
                "Training loss (nats)", format="%.4f", help="Of the last step, over the tokens that this strategy "
                "trains: not comparable between strategies. The held-out loss is."),
            "why": st.column_config.TextColumn("Why it failed", width="large")}
