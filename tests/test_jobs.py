"""Background jobs: real processes, real signals."""

import os
import signal
import time

import psutil
import pytest

from xtf import jobs, workspace
from xtf.errors import JobError


@pytest.fixture(autouse=True)
def no_job_outlives_its_test(home):
    yield
    for job in jobs.running():
        jobs.cancel(job.id)


def wait_for(job_id, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition(found := jobs.job(job_id)):
        assert time.monotonic() < deadline, (found, found.log)
        time.sleep(0.05)
    return found


def pid_of(job_id):
    return workspace.read_json(workspace.jobs_dir() / job_id / "job.json")["pid"]


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def scoring(tiny_model, limit):
    return ["score", "demo", "--limit", str(limit), "--model", str(tiny_model), "--device", "cpu", "--dtype", "float32",
            "--run", "job", "--batch-tokens", "256", "--json"]


def test_a_job_runs_to_its_end_and_keeps_its_result(tiny_model):
    started = jobs.start(scoring(tiny_model, 5), "demo")
    assert started.state == "running" and jobs.running()[0].id == started.id
    done = wait_for(started.id, lambda job: job.state != "running")
    assert done.state == "done", done.log
    assert done.result["counts"]["examples"] == 5 and done.done == done.total > 0
    assert os.getsid(os.getpid()) != pid_of(started.id)


def test_a_users_fault_is_a_sentence(home):
    failed = wait_for(jobs.start(["score", "no-such.jsonl"], "bad").id, lambda job: job.state != "running")
    assert failed.state == "failed" and "no-such.jsonl" in failed.message and "Traceback" not in failed.log


def test_cancel_ends_the_process_and_keeps_finished_shards(tiny_model, home):
    job = jobs.start(scoring(tiny_model, 2000), "big")
    wait_for(job.id, lambda job: list((home / "runs").glob("job/shards/*.json")))
    progress = jobs.job(job.id)
    assert progress.total > progress.done > 0 and progress.stage == "scoring"
    cancelled = jobs.cancel(job.id)
    assert cancelled.state == "cancelled" and gone(pid_of(job.id))
    assert list((home / "runs" / "job" / "shards").glob("*.arrow"))


def test_a_killed_process_is_lost_not_running(tiny_model):
    job = jobs.start(scoring(tiny_model, 2000), "big")
    os.kill(pid_of(job.id), signal.SIGKILL)
    lost = wait_for(job.id, lambda job: job.state != "running")
    assert lost.state == "lost" and "start it again" in lost.message


def test_a_reused_pid_is_not_mistaken(tiny_model):
    job = jobs.start(scoring(tiny_model, 2000), "big")
    jobs.cancel(job.id)
    path = workspace.jobs_dir() / job.id / "job.json"
    record = workspace.read_json(path)
    workspace.write_json(path, record | {"pid": os.getpid()})  # our own process is younger or older, but not that one
    workspace.write_json(path.with_name("status.json"), {"state": "running"})
    (path.with_name("cancel")).unlink()
    assert jobs.job(job.id).state == "lost"


def test_unknown_jobs_and_names_are_refused():
    with pytest.raises(JobError, match="no job"):
        jobs.job("20260101-000000-abcdef")
    assert jobs.list_jobs() == []
