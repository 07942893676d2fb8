"""`xtf train` from a scored run to an adapter that others can load."""

import os

import pytest
from peft import PeftModel
from transformers import AutoModelForCausalLM

from tests.commands import refused, told
from xtf.evaluation.load import load
from xtf.training import processes
from xtf.training.folder import open_training

FLAGS = ["--name", "first", "--epochs", "1", "--rank", "2", "--batch-examples", "2", "--device", "cpu",
         "--novelty-cutoff", "0.9", "--allow", "kept_share"]


def test_a_fine_tune_ends_as_an_adapter_and_is_not_done_twice(demo_run, tiny_model):
    made = told("train", "demo", *FLAGS)
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), made["result"])
    weights = [weight for name, weight in model.named_parameters() if "lora_B" in name]
    assert weights and all(weight.abs().sum() > 0 for weight in weights)  # they begin as zeros
    folder = demo_run.path.parent.parent / "trainings" / "first"
    steps = (folder / "metrics.jsonl").read_text()
    assert len(steps.splitlines()) == 3 and not (folder / "checkpoints").exists()
    assert told("train", "demo", *FLAGS) == made
    assert (folder / "metrics.jsonl").read_text() == steps
    assert "A fine-tune called first exists with other data, labels or settings" in refused(
        "train", "demo", *FLAGS, "--seed", "1")


@pytest.mark.parametrize("flags, why", [
    (["--rank", "0", "--epochs", "-1"], "rank: input should be greater than or equal to 1; epochs: input"),
    (["--always-drop", "words", "--always-drop", "numbers", "--always-drop", "operators", "--always-drop",
      "punctuation", "--always-drop", "whitespace", "--always-drop", "special", "--always-drop", "code",
      "--always-drop", "other", "--no-protect-eos", "--no-protect-final-answer"], "There is no token to train"),
])
def test_faults_are_one_refused(demo_run, flags, why):
    assert why in refused("train", "demo", "--device", "cpu", *flags)


@pytest.mark.parametrize("visible, wanted, used, seen", [
    (None, "cpu", "cpu", None), (None, "cuda", "cuda:0", "0"), (None, "cuda:2", "cuda:0", "2"),
    ("4,7", "cuda:1", "cuda:0", "7"), ("4,7", "cuda:5", "cuda:5", "4,7"), (None, "mps", "mps", None)])
def test_a_single_process_sees_one_gpu(monkeypatch, visible, wanted, used, seen):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert processes.own_device.__wrapped__(wanted) == used and os.environ.get("CUDA_VISIBLE_DEVICES") == seen
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def test_each_of_several_processes_has_its_own(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert processes.own_device.__wrapped__("cuda") == "cuda:1"


def test_a_full_fine_tune_ends_as_a_model(demo_run, tiny_model):
    made = told("train", "demo", "--strategy", "normal", "--method", "full", "--epochs", "1", "--device", "cpu",
                "--name", "whole", "--learning-rate", "0.01")  # one step, which must not be spent on warming up
    before, after = (AutoModelForCausalLM.from_pretrained(path) for path in (tiny_model, made["result"]))
    changed = [name for name, weight in after.named_parameters() if not weight.equal(before.state_dict()[name])]
    assert len(changed) == len(list(after.parameters()))
    loaded = load(open_training("whole").model, open_training("whole").result)
    assert all(weight.equal(after.state_dict()[name]) for name, weight in loaded.model.named_parameters())


def test_an_unfinished_run_is_not_trained_on(partial):
    assert "Run part is unfinished" in (said := refused("train", "part", "--device", "cpu")) and "Finish it" in said
