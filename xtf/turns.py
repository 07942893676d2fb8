"""Jobs that need a device for long take turns: first come, first served, whoever started them and from where.

A job waits in its own process, so that the queue needs no server: it looks whether an earlier job for the same device
is at work, and then holds that device's lock, which ends with its process.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence

import filelock

from xtf import devices, jobs, workspace
from xtf.errors import JobError
from xtf.jobs import Job, Reporter
from xtf.progress import WAITING

_QUEUED = ("score", "train", "compare", "evaluate", "prepare", "augment")  # commands that need a device for long
_LOOK_SECONDS = 0.5
_PATIENCE = 8.0  # seconds


def lane(argv: Sequence[str]) -> str | None:
    """The device that a command needs for long, for which such jobs wait in turn; None of all others."""
    planted = list(argv[:2]) == ["bench", "planted"]  # other benches measure speed, and are started where it is quiet
    if not argv or not (planted or argv[0] in _QUEUED) or "--estimate" in argv:
        return None
    asked = argv[argv.index("--device") + 1] if "--device" in argv[:-1] else "auto"
    if asked == "auto":
        return "cuda:0" if devices.has_accelerator() else "cpu"
    return "cuda:0" if asked == "cuda" else asked


def ahead(job_id: str) -> list[Job]:
    """The jobs that a job has to wait for, oldest first: those at work for its device that were started before it."""
    mine = jobs.job(job_id)
    here = lane(mine.argv)
    found = [job for job in jobs.running() if here and _place(job) < _place(mine) and lane(job.argv) == here]
    return sorted(found, key=_place)


def _place(job: Job) -> tuple[float, str]:
    return job.started, job.id


@contextlib.contextmanager
def await_turn(report: Reporter | None) -> Iterator[None]:
    """Holds a job until those are done that were started before it for the same device; then the device is its own."""
    place = _lane_lock(report)
    if report is None or place is None:
        yield
        return
    while ahead(report.job_id) or not _taken(place):
        report(0, 0, WAITING)
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        place.release()


def _lane_lock(report: Reporter | None) -> filelock.FileLock | None:
    """The lock of a job's device; None of a job that needs none for long."""
    if report is None:
        return None
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(JobError):  # whoever started us is still noting it down
            named = lane(jobs.job(report.job_id).argv)
            return filelock.FileLock(workspace.jobs_dir() / f".{named.replace('/', '-')}.lock") if named else None
        time.sleep(_LOOK_SECONDS / 5)
    raise JobError("Whoever started this job ended before it was noted down: start it again.")


def _taken(place: filelock.FileLock) -> bool:
    try:
        place.acquire(timeout=0)
    except filelock.Timeout:
        return False
    return True
