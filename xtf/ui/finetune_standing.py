"""How fine-tunes stand: their folders, and the jobs that work on them, put together."""

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from xtf import jobs
from xtf.config import SelfEvolving, TokenCleaning
from xtf.jobs import Job
from xtf.progress import WAITING
from xtf.saved import DEFAULT_PRESET
from xtf.training.folder import COLUMNS, METRICS, TRAININGS, Training, delete_training, list_trainings
from xtf.ui import commands

#: State → word, colour of a badge, icon.
WORDS = {
    "queued": ("Queued", "blue", ":material/schedule:"),
    "running": ("Running", "blue", ":material/play_circle:"),
    "elsewhere": ("Running elsewhere", "blue", ":material/play_circle:"),
    "finished": ("Finished", "green", ":material/check_circle:"),
    "cancelled": ("Cancelled", "orange", ":material/cancel:"),
    "failed": ("Failed", "red", ":material/error:"),
    "lost": ("Lost", "red", ":material/error:"),
    "stopped": ("Stopped", "orange", ":material/pause_circle:"),
}
AT_WORK = ("queued", "running")


class Standing(NamedTuple):
    """One fine-tune. `training` is None before it has a folder, `job` where none is known."""

    name: str
    training: Training | None
    job: Job | None
    state: str  # a name of WORDS

    @property
    def counts(self) -> dict[str, Any]:
        """What it has to do; empty before it has begun."""
        return self.training.record.get("counts", {}) if self.training else {}

    @property
    def metrics(self) -> pd.DataFrame:
        """A row a step."""
        return metrics(self.training) if self.training else pd.DataFrame(columns=list(COLUMNS))

    @property
    def steps(self) -> tuple[int, int]:
        """Steps that are done, and all of them; 0 where that is not known yet."""
        found = self.metrics["step"]
        return int(found.iloc[-1]) if len(found) else 0, int(self.counts.get("steps", 0))

    @property
    def since(self) -> float:
        """When it was begun, seconds since the epoch."""
        if self.training:
            return datetime.fromisoformat(self.training.record["created"]).timestamp()
        return self.job.started if self.job else 0.0


def found() -> dict[str, Standing]:
    """All by name, the newest first. One that failed before it had a folder is told by its job; a job whose fine-tune
    was deleted is passed over."""
    by_name = {training.name: training for training in list_trainings()}
    newest = _newest_jobs()
    standings = [_standing(name, by_name.get(name), newest.get(name)) for name in {**by_name, **newest}
                 if name in by_name or newest[name].state != "done"]
    return {one.name: one for one in sorted(standings, key=lambda one: one.since, reverse=True)}


def again(one: Standing) -> Standing:
    """The same as it stands now."""
    training = next((training for training in list_trainings() if training.name == one.name), None)
    return _standing(one.name, training, _newest_jobs().get(one.name))


def _newest_jobs() -> dict[str, Job]:
    newest: dict[str, Job] = {}
    for job in jobs.list_jobs():
        if name := name_of(job):
            newest.setdefault(name, job)
    return newest


def name_of(job: Job) -> str | None:
    """The fine-tune that a job works on, if that is what it does."""
    if job.argv[:1] != ["train"] or "--name" not in job.argv[:-1]:
        return None
    return job.argv[job.argv.index("--name") + 1]


def _standing(name: str, training: Training | None, job: Job | None) -> Standing:
    return Standing(name, training, job, _state(training, job))


def _state(training: Training | None, job: Job | None) -> str:
    if training and training.done:
        return "finished"
    if job and job.state == "running":
        return "queued" if job.stage == WAITING else "running"
    if training and TRAININGS.is_held(training.path):  # a command line works on it
        return "elsewhere"
    return job.state if job and job.state != "done" else "stopped"


def metrics(training: Training) -> pd.DataFrame:
    """Its steps so far, read again only when there are more."""
    try:
        status = (training.path / METRICS).stat()
    except OSError:
        return training.metrics()
    return _metrics(str(training.path), status.st_mtime_ns, status.st_size)


@st.cache_resource(max_entries=16, show_spinner=False)
def _metrics(folder: str, changed: int, size: int) -> pd.DataFrame:
    return Training(Path(folder)).metrics()


def command(one: Standing) -> list[str]:
    """The command line that makes it, or takes it up again. Raises: StoreError."""
    if one.job or one.training is None:
        return one.job.argv if one.job else []
    training, thresholds = one.training, one.training.thresholds
    if training.run and training.reference:
        kind = SelfEvolving if "after" in training.asked else TokenCleaning
        return commands.prepare(training.run, kind(reference=training.reference), training.settings)
    if training.run is None or thresholds is None:
        return commands.train(str(training.asked["export"]), (), training.settings, one.name)
    labels = commands.threshold_flags(DEFAULT_PRESET, thresholds)
    return commands.train(training.run, labels, training.settings, one.name)


def delete(one: Standing) -> None:
    """Removes a fine-tune and what its jobs have left. Raises: TrainingError if it is at work, StoreError, JobError."""
    if one.training:
        delete_training(one.name)
    for job in jobs.list_jobs():
        if name_of(job) == one.name and job.state != "running":
            with contextlib.suppress(OSError):  # another page tidies up, too
                jobs.forget(job.id)
