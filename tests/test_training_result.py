"""What a fine-tune leaves behind: an adapter with its card, the same from a run and from its export, merged, asked."""

import json
import struct
import subprocess
import sys

import pytest
import torch
import yaml
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.commands import refused, told
from tests.scored import HOSTILE
from xtf import runs
from xtf.config import Normal, Random, ScoreSettings, Thresholds
from xtf.engine import local
from xtf.errors import SettingsError, StoreError, TrainingError
from xtf.training import card
from xtf.training.folder import EVENTS, delete_training, list_trainings, open_training
from xtf.training.run import train, train_export
from xtf.training.settings import TrainSettings, from_yaml, to_yaml

SETTINGS = TrainSettings(rank=2, learning_rate=1e-2, epochs=2, batch_examples=2, device="cpu", seed=4)
LOOSE = Thresholds(relevance={"kind": "off"}, novelty={"kind": "cutoff", "value": 0.999})


@pytest.fixture
def training(demo_run):
    return train(demo_run, LOOSE, SETTINGS, "first")


def weights(training):
    return load_file(training.result / "adapter_model.safetensors")


def test_a_run_and_its_export_give_the_same_adapter(training, tmp_path):
    told("export", "demo", "--relevance-off", "--novelty-cutoff", "0.999", "--format", "parquet", "--out",
        str(tmp_path / "out"))
    other = train_export(tmp_path / "out", SETTINGS, "second")
    assert weights(other).keys() == weights(training).keys()
    for name, weight in weights(training).items():
        assert torch.equal(weights(other)[name], weight), name
    assert other.record["counts"] == training.record["counts"] and other.strategy == "export"
    assert "An export brings its own labels" in refused("train", str(tmp_path / "out"), "--strategy", "random")
    (tmp_path / "out" / "data.parquet").write_bytes(b"cut")
    with pytest.raises(StoreError, match=r"cannot be read|does not hold"):
        train_export(tmp_path / "out", SETTINGS, "third")
    assert {made.name for made in list_trainings()} == {"first", "second"}  # what failed at once left nothing


def test_an_export_without_token_ids_is_refused(demo_run, tmp_path):
    told("export", "demo", "--relevance-off", "--format", "text", "--out", str(tmp_path / "out"), "--allow", "eos")
    with pytest.raises(SettingsError, match="not token ids: export with --format hf"):
        train_export(tmp_path / "out", SETTINGS, "text")


def test_counts_and_files_say_what_was_trained(training, demo_run):
    from xtf import filters

    table = demo_run.table()
    kept = filters.judge(table, LOOSE).keep
    counts, steps = training.record["counts"], training.metrics()
    assert counts["trained"] == kept.sum() and counts["kept_share"] == kept.sum() / table.trainable.sum()
    assert counts["steps"] == len(steps) == 6 and counts["examples"] == 6
    assert steps["trained"].iloc[-1] == 2 * kept.sum()  # two passes
    assert steps["tokens"].iloc[-1] <= 2 * counts["tokens"] and steps["memory"].min() > 1e6
    shown = events(training)
    assert [value for step, name, value in shown if name == "train/loss"] == pytest.approx(steps["loss"].tolist())
    assert [step for step, name, _ in shown if name == "train/grad_norm"] == [1, 2, 3, 4, 5, 6]


def events(training) -> list[tuple[int, str, float]]:
    """(step, name, value) as TensorBoard reads them: records of length, checksum, bytes, checksum."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted((training.path / EVENTS).glob("events.*")):
        content = path.read_bytes()
        while content:
            length = struct.unpack("<Q", content[:8])[0]
            event = Event.FromString(content[12:12 + length])
            found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
            content = content[16 + length:]
    return found


def test_the_card_says_what_it_is_and_nothing_of_this_machine(training, home):
    text = (training.result / card.CARD).read_text()
    front = yaml.safe_load(text.split("---")[1])
    assert front["library_name"] == "peft" and "xtf" in front["tags"]
    assert "`tiny-llama`" in text and str(home) not in text and "the highest" not in text
    assert "| rank | `2` |" in text and "p above 99.9 %" in text and "Not evaluated yet" in text


def test_names_from_data_stay_text_on_the_card(home, tiny_model):
    (home.parent / "rows.jsonl").write_text("\n".join(json.dumps({"prompt": f"{HOSTILE} {i}", "response": f"yes {i}"})
                                                      for i in range(3)))
    local.score(ScoreSettings(data=str(home.parent / "rows.jsonl"), model=str(tiny_model), dtype="float32",
                              device="cpu"), "rows")
    made = train(runs.open_run("rows"), Thresholds(overrides=({"by": "type", "action": "keep", "token": 5,
                                                               "note": HOSTILE},),
                                                     strategy=Normal()), SETTINGS, "a b")
    assert "<script>" not in (made.result / card.CARD).read_text()


def test_a_merged_model_says_what_base_and_adapter_say_together(training, tiny_model, tmp_path):
    out = told("merge", "first", "--out", tmp_path / "merged")["out"]
    merged, base = (AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32) for path in (out, tiny_model))
    ids = torch.arange(3, 40)[None]
    with torch.inference_mode():
        expected = PeftModel.from_pretrained(base, training.result).eval()(ids).logits
        assert torch.allclose(merged(ids).logits, expected, atol=1e-4)
    assert AutoTokenizer.from_pretrained(out).chat_template and (tmp_path / "merged" / "README.md").is_file()
    assert "merged exists: choose another folder" in refused("merge", "first", "--out", out)


def test_base_and_tuned_answer(training):
    found = told("ask", "first", "How many apples?", "--max-new-tokens", "8")
    assert set(found) == {"name", "prompt", "base", "tuned"} and found["base"] != found["tuned"]
    assert "empty" in refused("ask", "first", "  ")


def test_an_evaluation_is_kept_and_stands_on_the_card(training, tiny_model):
    local.score(ScoreSettings(data="demo", split="heldout", model=str(tiny_model), limit=3, dtype="float32",
                              device="cpu"), "held")
    flags = ["--held-out", "held", "--max-new-tokens", "4"]
    first = told("evaluate", "first", *flags)
    assert first["examples"] == 3 and first["loss"] > 0 and first["task"] == "maths"
    assert f"{first['loss']:.4f}" in (training.result / card.CARD).read_text()
    assert told("evaluate", "first", *flags) == first  # with the seconds of the first time


def test_settings_survive_yaml_and_flags_go_before_them(demo_run, tmp_path):
    assert from_yaml(to_yaml(SETTINGS)) == SETTINGS
    (tmp_path / "s.yaml").write_text("rank: 2\nepochs: 1\nbatch_examples: 3\ndevice: cpu\n")
    told("train", "demo", "--name", "y", "--config", str(tmp_path / "s.yaml"), "--rank", "4", "--strategy", "normal")
    assert open_training("y").settings == TrainSettings(rank=4, epochs=1, batch_examples=3, device="cpu")
    for content, why in (("rank: [", "not readable as YAML"), ("- 1", "no list of names"), ("ranks: 3", "ranks"),
                         ("rank: 0\nepochs: -1", "rank: input should be greater")):
        (tmp_path / "s.yaml").write_text(content)
        assert why in refused("train", "demo", "--config", tmp_path / "s.yaml")
    assert "cannot be read" in refused("train", "demo", "--config", str(tmp_path / "none.yaml"))


def test_one_name_is_one_fine_tune_and_one_process(training, demo_run):
    with pytest.raises(TrainingError, match="exists with other data, labels or settings"):
        train(demo_run, LOOSE.model_copy(update={"strategy": Random()}), SETTINGS, "first")
    with training.locked(), pytest.raises(TrainingError, match="at work in another process"):
        delete_training("first")
    delete_training("first")
    with pytest.raises(StoreError, match="no fine-tune called first; there are: none yet"):
        open_training("first")


@pytest.mark.slow
def test_two_processes_train_what_one_does(training, home):
    """`accelerate launch` with the same command: gradients are shared, files are written once."""
    done = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--main_process_port",
         "0", "-m", "xtf", "train", "demo", "--name", "two", "--relevance-off", "--novelty-cutoff", "0.999", "--rank",
         "2", "--learning-rate", "0.01", "--epochs", "2", "--batch-examples", "2", "--device", "cpu", "--seed", "4"],
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    made = open_training("two")
    assert made.metrics()["loss"].tolist() == pytest.approx(training.metrics()["loss"].tolist(), abs=1e-4)
    assert made.metrics()["trained"].tolist() == training.metrics()["trained"].tolist()
    for name, weight in weights(training).items():
        assert torch.allclose(weights(made)[name], weight, atol=1e-4), name
