"""Fine-tunes that are stopped, killed, or short of memory or disk: nothing is lost, and the curve goes on the same."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
import torch
from safetensors.torch import load_file

from tests.commands import told
from tests.test_jobs import gone, pid_of, wait_for
from tests.test_training_fit import SETTINGS, curve, model_of, rows, trained  # noqa: F401  (rows is a fixture)
from xtf import jobs
from xtf.errors import ModelError, StoreError
from xtf.training.checkpoints import newest
from xtf.training.fit import fit
from xtf.training.folder import CHECKPOINTS, open_training
from xtf.training.rows import micro_batches
from xtf.training.trainer import KeptTrainer

SETTINGS = SETTINGS.model_copy(update={"dropout": 0.2, "checkpoint_steps": 100})


@pytest.fixture
def whole(tiny_model, rows, tmp_path):  # noqa: F811
    """A fine-tune that nobody stops: its weights and its curve."""
    model = model_of(tiny_model, SETTINGS)
    fit(model, rows, SETTINGS, tmp_path / "whole")
    return trained(model), curve(tmp_path / "whole")


def stop_at(model, call: int) -> None:
    """SIGTERM in the midst of a forward pass, the so many-th."""
    calls = iter(range(1, 10_000))

    def stop(*_) -> None:
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGTERM)

    model.get_base_model().model.layers[1].register_forward_pre_hook(stop)


@pytest.mark.parametrize("call", [2, 6, 11])
def test_stopped_within_a_step_it_goes_on_from_the_last_whole_one(tiny_model, rows, tmp_path, whole, call):  # noqa: F811
    model = model_of(tiny_model, SETTINGS)
    stop_at(model, call)
    with pytest.raises(KeyboardInterrupt):
        fit(model, rows, SETTINGS, tmp_path / "parts")
    done = len(curve(tmp_path / "parts"))
    last = newest(tmp_path / "parts" / CHECKPOINTS)
    assert (last.name == f"checkpoint-{done}") if done else last is None
    resumed = model_of(tiny_model, SETTINGS)
    fit(resumed, rows, SETTINGS, tmp_path / "parts")
    weights, expected = whole
    assert curve(tmp_path / "parts") == expected
    for name, weight in weights.items():
        assert torch.allclose(trained(resumed)[name], weight, atol=1e-5), name


def command(tiny_model, *more):
    return ["train", "demo", "--name", "job", "--epochs", "24", "--batch-examples", "2", "--checkpoint-steps", "7",
            "--device", "cpu", "--seed", "3", "--json", *more]


def weights_of(name):
    return load_file(open_training(name).result / "adapter_model.safetensors")


@pytest.mark.slow
def test_a_killed_job_goes_on_and_ends_as_if_it_had_not_been(demo_run, tiny_model, home):
    job = jobs.start(command(tiny_model), "train")
    checkpoints = home / "trainings" / "job" / CHECKPOINTS
    wait_for(job.id, lambda job: newest(checkpoints) is not None)
    os.kill(pid_of(job.id), signal.SIGKILL)
    assert wait_for(job.id, lambda job: job.state != "running").state == "lost"
    cut = newest(checkpoints).name
    again = jobs.again(job.id)
    wait_for(again.id, lambda job: job.stage == "training" and job.done > int(cut[11:]))
    started = time.monotonic()
    cancelled = jobs.cancel(again.id)
    assert time.monotonic() - started < 10 and cancelled.state == "cancelled" and gone(pid_of(again.id))
    steps = len(open_training("job").metrics())
    assert newest(checkpoints).name == f"checkpoint-{steps}"
    last = wait_for(jobs.again(again.id).id, lambda job: job.state != "running", 120)
    assert last.state == "done", last.log
    done = open_training("job")
    assert done.metrics()["step"].tolist() == list(range(1, 73)) and done.metrics()["seconds"].is_monotonic_increasing
    told(*(word if word != "job" else "other" for word in command(tiny_model) if word != "--json"))
    for name, weight in weights_of("other").items():
        assert torch.allclose(weights_of("job")[name], weight, atol=1e-5), name


class Small(KeptTrainer):
    """A trainer on a machine that has room for so many tokens at once: beyond, a real allocation fails."""

    room = 30

    def _step(self, model, given, items):
        for batch in micro_batches(given, self.tokens):
            if len(batch) > 1 and sum(len(each.ids) for each in batch) > self.room:
                torch.empty(1 << 60, dtype=torch.uint8)
        return super()._step(model, given, items)


def test_out_of_memory_halves_the_micro_batch_and_keeps_the_result(tiny_model, rows, tmp_path, whole, monkeypatch,  # noqa: F811
                                                                   caplog):
    from xtf.training import fit as fitting

    settings = SETTINGS.model_copy(update={"dropout": 0.0, "batch_tokens": 400})
    usual = model_of(tiny_model, settings)
    fit(usual, rows, settings, tmp_path / "usual")
    monkeypatch.setattr(fitting, "KeptTrainer", Small)
    short = model_of(tiny_model, settings)
    fit(short, rows, settings, tmp_path / "short")
    for name, weight in trained(usual).items():
        assert torch.allclose(trained(short)[name], weight, atol=1e-5), name


def test_an_example_that_does_not_fit_alone_is_a_sentence(tiny_model, rows, tmp_path, monkeypatch):  # noqa: F811
    from xtf.training import fit as fitting

    class Tiny(KeptTrainer):
        def _step(self, model, given, items):
            return torch.empty(1 << 60, dtype=torch.uint8)

    monkeypatch.setattr(fitting, "KeptTrainer", Tiny)
    with pytest.raises(ModelError, match="does not fit into memory even alone"):
        fit(model_of(tiny_model), rows, SETTINGS, tmp_path)


@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="only root can make a small disk")
def test_a_full_disk_is_a_sentence_and_nothing_half_written_stays(tiny_model, rows, tmp_path):  # noqa: F811
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        settings = SETTINGS.model_copy(update={"checkpoint_steps": 2, "rank": 16})
        with pytest.raises(StoreError, match="The disk is full"):
            fit(model_of(tiny_model, settings), rows, settings, disk / "training")
        left = list((disk / "training" / CHECKPOINTS).glob("*"))
        assert left == [newest(disk / "training" / CHECKPOINTS)] or left == []
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        resumed = model_of(tiny_model, settings)
        fit(resumed, rows, settings, disk / "training")
        assert len(curve(disk / "training")) == 12
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def test_lines_after_the_checkpoint_are_written_again(tiny_model, rows, tmp_path):  # noqa: F811
    fit(model_of(tiny_model), rows, SETTINGS.model_copy(update={"epochs": 0.5}), tmp_path)
    metrics = tmp_path / "metrics.jsonl"
    first = metrics.read_text()
    assert [json.loads(line)["trained"] for line in first.splitlines()] == sorted(
        json.loads(line)["trained"] for line in first.splitlines())
    metrics.write_text(first + '{"step": 99, "loss": 1.0}\n{"step": 1')
    fit(model_of(tiny_model), rows, SETTINGS, tmp_path)
    assert [step for step, _ in curve(tmp_path)] == list(range(1, 13))
