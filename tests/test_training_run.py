"""`xtf train` from a scored run to an adapter that others can load."""

import pytest
from peft import PeftModel
from transformers import AutoModelForCausalLM

from tests.commands import refused, told

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
