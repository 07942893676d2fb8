"""Jobs that need one device take turns: real processes, first come, first served, and nobody waits for the dead."""

import os
import signal
import time

import pytest

from tests.test_jobs import gone, pid_of, scoring, wait_for
from xtf import jobs, turns
from xtf.progress import WAITING


@pytest.fixture(autouse=True)
def no_job_outlives_its_test(home):
    yield
    for job in jobs.running():
        jobs.cancel(job.id)


def begun(argv, label):
    """Started in a later second than the one before, as their ids tell."""
    time.sleep(1.02 - time.time() % 1)
    return jobs.start(argv, label)


@pytest.mark.parametrize("argv, device", [
    (["score", "demo"], "cpu"), (["train", "run", "--device", "cuda"], "cuda:0"), (["train", "run"], "cpu"),
    (["compare", "run", "--device", "cuda:1"], "cuda:1"), (["score", "demo", "--estimate"], None),
    (["bench", "planted"], "cpu"), (["bench", "scoring"], None), (["export", "run"], None), ([], None)])
def test_only_long_work_on_a_device_takes_turns(argv, device):
    assert turns.lane(argv) == device


def test_jobs_for_one_device_wait_in_the_order_of_their_start(tiny_model):
    first = begun(scoring(tiny_model, 2000), "first")
    wait_for(first.id, lambda job: job.stage == "scoring")
    second, third = begun(["train", "nothing", "--device", "cpu"], "second"), begun(["train", "none"], "third")
    wait_for(second.id, lambda job: job.stage == WAITING)
    wait_for(third.id, lambda job: job.stage == WAITING)
    other = begun(["train", "elsewhere", "--device", "cuda:7"], "other")  # another device is not waited for
    assert "no run called elsewhere" in wait_for(other.id, lambda job: job.state != "running").message
    assert [job.id for job in turns.ahead(third.id)] == [first.id, second.id] and turns.ahead(first.id) == []
    assert jobs.cancel(third.id).state == "cancelled" and gone(pid_of(third.id))
    os.kill(pid_of(first.id), signal.SIGKILL)  # nobody waits for the dead
    assert "no run called nothing" in wait_for(second.id, lambda job: job.state != "running").message
