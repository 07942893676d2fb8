"""A whole fine-tune on a tiny model: resumed as if never interrupted, stopped with a checkpoint, seeds that hold."""

import json
import os
import signal

import numpy as np
import pytest
import torch

from tests.test_training_kept import examples
from xtf.config import ModelSettings
from xtf.errors import SettingsError, TrainingError
from xtf.filters import IGNORE
from xtf.training.adapter import prepared
from xtf.training.checkpoints import clear, newest
from xtf.training.data import Rows
from xtf.training.fit import fit
from xtf.training.folder import CHECKPOINTS, METRICS
from xtf.training.settings import TrainSettings

SETTINGS = TrainSettings(rank=4, learning_rate=1e-2, epochs=2, batch_examples=4, batch_tokens=60, checkpoint_steps=3,
                         device="cpu", seed=5)


@pytest.fixture
def rows() -> Rows:
    made = examples(22)
    return Rows(*(np.concatenate(part) for part in zip(*made, strict=True)),
                np.cumsum([0, *(len(ids) for ids, _ in made)]))


def model_of(tiny_model, settings=SETTINGS):
    return prepared(ModelSettings(model=str(tiny_model)), settings)[0]


def trained(model) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters() if weight.requires_grad}


def curve(folder) -> list[tuple[int, float]]:
    return [(line["step"], round(line["loss"], 6)) for line in map(json.loads, (folder / METRICS).open())]


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_resumed_is_uninterrupted(tiny_model, rows, tmp_path, dropout):
    settings = SETTINGS.model_copy(update={"dropout": dropout})
    whole = model_of(tiny_model, settings)
    fit(whole, rows, settings, tmp_path / "whole")

    def interrupt(done: int, total: int, stage: str) -> None:
        if done == 5:  # two steps after the checkpoint of step 3, one before the next
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fit(model_of(tiny_model, settings), rows, settings, tmp_path / "parts", progress=interrupt)
    assert newest(tmp_path / "parts" / CHECKPOINTS).name == "checkpoint-3"
    resumed = model_of(tiny_model, settings)
    fit(resumed, rows, settings, tmp_path / "parts")
    assert curve(tmp_path / "parts") == curve(tmp_path / "whole") and len(curve(tmp_path / "whole")) == 12
    for name, weight in trained(whole).items():
        assert torch.allclose(trained(resumed)[name], weight, atol=1e-5), name


def test_a_cancelled_fine_tune_leaves_a_checkpoint_of_its_last_step(tiny_model, rows, tmp_path):
    def cancel(done: int, total: int, stage: str) -> None:
        if done == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        fit(model_of(tiny_model), rows, SETTINGS, tmp_path, progress=cancel)
    assert newest(tmp_path / CHECKPOINTS).name in ("checkpoint-4", "checkpoint-5")


def test_half_a_checkpoint_is_no_checkpoint(tiny_model, rows, tmp_path):
    fit(model_of(tiny_model), rows, SETTINGS.model_copy(update={"epochs": 0.5}), tmp_path)
    half = tmp_path / CHECKPOINTS / "checkpoint-99"
    half.mkdir()
    assert newest(half.parent).name == "checkpoint-3"
    clear(half.parent)
    assert not half.exists() and newest(half.parent).name == "checkpoint-3"


def test_the_seed_alone_decides_initial_weights_and_order(tiny_model, rows, tmp_path):
    for name in ("first", "second"):
        torch.manual_seed(hash(name) % 1000)
        fit(model_of(tiny_model), rows, SETTINGS, tmp_path / name)
    assert curve(tmp_path / "first") == curve(tmp_path / "second")


def test_a_loss_that_is_no_number_stops_with_a_sentence(tiny_model, rows, tmp_path):
    wild = SETTINGS.model_copy(update={"learning_rate": 1e30, "warmup": 0.0, "max_grad_norm": 0.0, "epochs": 9})
    with pytest.raises(TrainingError, match="no number: lower the learning rate"):
        fit(model_of(tiny_model, wild), rows, wild, tmp_path)


def test_layers_that_the_model_lacks_are_named_with_those_it_has(tiny_model):
    with pytest.raises(SettingsError, match="no layer called q, banana: choose all-linear"):
        model_of(tiny_model, SETTINGS.model_copy(update={"target_modules": "q, banana, v_proj"}))


def test_nothing_to_train_is_told_in_a_sentence():
    with pytest.raises(SettingsError, match="no token to train"):
        Rows(np.array([1, 2], np.int32), np.array([IGNORE, IGNORE], np.int32), np.array([0, 2]))
