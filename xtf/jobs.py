"""Background jobs: our own command line in a detached process, with its state in files.

    jobs/ID/job.json      what was started: argv, label, pid and the process's start time
    jobs/ID/status.json   what the process says of itself: state, done, total, stage
    jobs/ID/log.txt       its stdout and stderr

A job outlives the page, the browser and the server that started it. Its state is always derived from these files and
the process table, so that a reused pid is not mistaken for it. Jobs that need a device for long wait for each other
(`xtf.turns`).
"""

import contextlib
import functools
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from xtf import workspace
from xtf.errors import JobError, StoreError, XtfError
from xtf.progress import Meter

FOLDER_VARIABLE = "XTF_JOB"
State = Literal["running", "done", "failed", "cancelled", "lost"]
_GRACE_SECONDS = 8.0
_RESERVED = 1 << 16  # bytes
_LOST = "The process ended without a word (killed, or the machine restarted): start it again to resume."


@dataclass(frozen=True)
class Job:
    """A job as it stands now. What `done` and `total` count hangs on the stage (`xtf.progress.unit`); total 0 means not
    known yet."""

    id: str
    label: str
    argv: list[str]
    state: State
    stage: str
    done: int
    total: int
    rate: float | None  # per second over the last minute
    message: str  # why it failed, in a sentence
    notes: list[str]  # sentences to know before the end
    result: Any  # what the command printed with --json
    started: float  # seconds since the epoch
    updated: float

    @property
    def seconds_left(self) -> float | None:
        """Time left at the present rate, None while it is not known."""
        return (self.total - self.done) / self.rate if self.rate and self.total else None

    @property
    def command(self) -> str:
        """The command line to copy."""
        return shlex.join(["xtf", *self.argv])

    @property
    def log(self) -> str:
        """The last lines that the process wrote."""
        path = workspace.jobs_dir() / self.id / "log.txt"
        return path.read_text(encoding="utf-8", errors="replace")[-20_000:] if path.is_file() else ""


def start(argv: Sequence[str], label: str, environment: Mapping[str, str] | None = None) -> Job:
    """Starts `xtf *argv` detached: a session of its own, no shell, output to a file and never to a pipe. `environment`
    is what the process gets beside ours: for secrets, since it is neither in a file of the job nor in its argv."""
    folder = workspace.jobs_dir() / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    try:
        folder.mkdir(parents=True)
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "xtf", *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, env={**os.environ, **(environment or {}), FOLDER_VARIABLE: str(folder),
                                             "PYTHONUNBUFFERED": "1"})
    except OSError as error:
        raise JobError(f"The job could not be started ({error.strerror or error}).") from error
    record = {"label": label, "argv": list(argv), "pid": process.pid, "born": _born(process.pid),
              "started": time.time()}
    try:
        workspace.write_json(folder / "job.json", record)
    except StoreError:  # nobody would know of it
        _signal(record, signal.SIGKILL)
        workspace.remove_folder(folder)
        raise
    return job(folder.name)


def job(job_id: str) -> Job:
    """Raises: JobError if there is no such job."""
    folder = workspace.jobs_dir() / workspace.checked_name(job_id)
    try:
        record = workspace.read_json(folder / "job.json")
    except (OSError, ValueError) as error:
        raise JobError(f"There is no job {job_id}: `xtf jobs` lists them.") from error
    status, alive = _status(folder), _alive(record)
    if not alive:  # its last words may have come in between
        status = _status(folder)
    state: State = status.get("state", "running")
    if state == "running" and not alive:
        state = "cancelled" if (folder / "cancel").exists() else "lost"
    message = _LOST if state == "lost" else status.get("message", "")
    return Job(id=job_id, label=record["label"], argv=record["argv"], state=state, message=message,
               notes=status.get("notes", []), stage=status.get("stage", "starting"), done=status.get("done", 0),
               total=status.get("total", 0), rate=status.get("rate"), result=status.get("result"),
               started=record["started"], updated=status.get("updated", record["started"]))


def list_jobs() -> list[Job]:
    """All jobs, newest first. One whose record cannot be read is passed over."""
    found = []
    for path in workspace.jobs_dir().glob("*/job.json"):
        with contextlib.suppress(JobError):
            found.append(job(path.parent.name))
    return sorted(found, key=lambda job: job.started, reverse=True)


def running() -> list[Job]:
    """The jobs at work now, newest first."""
    return [job for job in list_jobs() if job.state == "running"]


def cancel(job_id: str) -> Job:
    """Ends a job and its children: SIGTERM to the group, SIGKILL to what is left after some seconds. What the job has
    finished stays."""
    folder = workspace.jobs_dir() / workspace.checked_name(job_id)
    record = workspace.read_json(folder / "job.json")
    if job(job_id).state == "running":
        (folder / "cancel").touch()
        _signal(record, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while _alive(record) and time.monotonic() < deadline:
            time.sleep(0.1)
        if _alive(record):
            _signal(record, signal.SIGKILL)
    return job(job_id)


def again(job_id: str) -> Job:
    """Starts the command of a job that has ended once more; what it had finished is not done again."""
    ended = job(job_id)
    if ended.state == "running":
        raise JobError(f"Job {job_id} is still running: wait for it, or cancel it first.")
    return start(ended.argv, ended.label)


def forget(job_id: str) -> None:
    """Removes the files of a job that has ended."""
    if job(job_id).state == "running":
        raise JobError(f"Job {job_id} is running: cancel it first.")
    shutil.rmtree(workspace.jobs_dir() / workspace.checked_name(job_id))


class Reporter:
    """The job's own side: writes status.json, at most twice a second. Also a `Progress`."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._last = 0.0
        self._meter = Meter()
        self._status: dict[str, Any] = {"state": "running", "stage": "starting", "done": 0, "total": 0, "notes": []}
        with contextlib.suppress(XtfError):
            workspace.write_atomically(self._reserve, lambda path: path.write_bytes(bytes(_RESERVED)))

    @property
    def job_id(self) -> str:
        return self._folder.name

    @property
    def _reserve(self) -> Path:
        """Room on the disk that is given up for the last words, so that a full disk can still be told."""
        return self._folder / "reserve"

    def __call__(self, done: int, total: int, stage: str) -> None:
        now = time.monotonic()
        self._meter(done, total, stage)
        changed = stage != self._status["stage"]
        self._status |= {"done": done, "total": total, "stage": stage, "rate": self._meter.rate}
        if changed or now - self._last > 0.5:
            self._last = now
            self._write()

    def say(self, sentence: str) -> None:
        """Something that the user should know before the end."""
        self._status["notes"] = [*self._status["notes"], sentence]
        self._write()

    def end(self, state: State, message: str = "", result: Any = None) -> None:
        self._reserve.unlink(missing_ok=True)
        self._status |= {"state": state, "message": message, "result": result}
        self._write()

    def _write(self) -> None:
        with contextlib.suppress(XtfError):  # a full disk must not turn progress into a fault of its own
            workspace.write_json(self._folder / "status.json", self._status | {"updated": time.time()})


@functools.cache
def reporter() -> Reporter | None:
    """The one reporter of this process if it was started as a job."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Reporter(Path(folder)) if folder else None


def _status(folder: Path) -> dict[str, Any]:
    try:
        return dict(workspace.read_json(folder / "status.json"))
    except (OSError, json.JSONDecodeError):
        return {}


def _born(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _alive(record: dict[str, Any]) -> bool:
    try:
        process = psutil.Process(record["pid"])
        same = record["born"] is not None and abs(process.create_time() - record["born"]) < 1
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _signal(record: dict[str, Any], number: signal.Signals) -> None:
    """To the job's whole process group, which it leads since it started a session of its own."""
    if _alive(record):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(record["pid"], number)
