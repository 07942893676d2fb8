"""Training over kept tokens only, against the plain Trainer on the same batches and labels."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from torch.nn import functional
from transformers import AutoModelForCausalLM, DataCollatorForSeq2Seq, GPT2Config, Trainer, TrainingArguments

from xtf.filters import IGNORE
from xtf.training.adapter import with_adapter
from xtf.training.loss import train_on_kept
from xtf.training.rows import Row, micro_batches, one_row, padded, row
from xtf.training.settings import TrainSettings
from xtf.training.trainer import KeptTrainer

BATCH = 5


def test_a_row_ends_with_its_last_judged_prediction():
    # Labels at 2 and 3 are predicted at 1 and 2; tokens 14 and 15 come after, and nothing judged looks at token 13.
    found = row(np.arange(10, 16, dtype=np.int32), np.array([IGNORE, IGNORE, 12, 13, IGNORE, IGNORE], np.int32))
    assert [part.tolist() for part in found[:3]] == [[10, 11, 12], [1, 2], [12, 13]]


@pytest.mark.parametrize("labels", [[IGNORE] * 3, [7, IGNORE, IGNORE]])
def test_an_example_that_nothing_predicts_is_empty(labels):
    assert [len(part) for part in row(np.array([7, 8, 9], np.int32), np.array(labels, np.int32))[:3]] == [0, 0, 0]


def test_micro_batches_hold_every_row_once_and_no_more_padding_than_asked():
    lengths = [3, 9, 4, 4, 1, 0, 30]
    rows = [Row(np.zeros(length, np.int32), np.arange(length), np.zeros(length, np.int32)) for length in lengths]
    found = [[len(each.ids) for each in batch] for batch in micro_batches(rows, 12)]
    assert found == [[1, 3, 4], [4], [9], [30]]


def test_packed_micro_batches_are_as_few_and_as_equal_as_can_be():
    rows = [Row(np.zeros(length, np.int32), np.arange(length), np.zeros(length, np.int32))
            for length in (3, 9, 4, 4, 1, 0, 5)]
    found = [[len(each.ids) for each in batch] for batch in micro_batches(rows, 16, packed=True)]
    assert found == [[1, 4, 5], [3, 4, 9]]


def test_what_all_rows_begin_with_stands_once():
    # Both begin with 7 8 9; in the first, place 2 is judged, so that only 7 8 can be shared.
    first = row(np.array([7, 8, 9, 4], np.int32), np.array([IGNORE, IGNORE, IGNORE, 4], np.int32))
    second = row(np.array([7, 8, 9, 5, 6], np.int32), np.array([IGNORE] * 4 + [6], np.int32))
    found = one_row([first, second], torch.device("cpu"))
    assert found["input_ids"].tolist() == [[7, 8, 9, 9, 5]] and found["position_ids"].tolist() == [[0, 1, 2, 2, 3]]
    assert found["kept"].tolist() == [2, 4] and found["targets"].tolist() == [4, 6]
    assert found["pieces"] == (2, ((2, 3), (3, 5)))


def examples(count: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random examples of 2 to 40 tokens of which a part is kept; every seventh keeps nothing."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        ids = random.integers(5, 100, random.integers(2, 41)).astype(np.int32)
        keep = random.random(len(ids)) < (0 if number % 7 == 6 else 0.4)
        made.append((ids, np.where(keep, ids, IGNORE).astype(np.int32)))
    return made


def arguments(folder: Any, **more: Any) -> TrainingArguments:
    return TrainingArguments(str(folder), **{
        "per_device_train_batch_size": BATCH, "num_train_epochs": 2, "learning_rate": 1e-2, "optim": "sgd",
        "lr_scheduler_type": "constant", "max_grad_norm": 0.0, "use_cpu": True, "logging_steps": 1, "seed": 3,
        "report_to": "none", "save_strategy": "no", "disable_tqdm": True, "remove_unused_columns": False} | more)


def losses(trainer: Trainer) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


@pytest.fixture
def model(tiny_model):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)


def plainly(model: Any, data: list[tuple[np.ndarray, np.ndarray]], folder: Any, **more: Any) -> Trainer:
    """The plain Trainer after its training."""
    from tests.conftest import tiny_tokenizer

    trainer = Trainer(model, arguments(folder, **more), data_collator=DataCollatorForSeq2Seq(tiny_tokenizer()),
                      train_dataset=Dataset.from_list([{"input_ids": ids, "attention_mask": np.ones_like(ids),
                                                        "labels": labels} for ids, labels in data]))
    trainer.train()
    return trainer


def check(ours: Any, plain: Any, model: Any, expected: Any) -> None:
    """The same losses, and the same weights afterwards."""
    assert losses(ours) == pytest.approx(losses(plain), abs=1e-5)
    for name, weight in expected.named_parameters():
        assert torch.allclose(dict(model.named_parameters())[name], weight, atol=1e-5), name


@pytest.mark.parametrize("tokens", [1, 60, 10_000])
def test_loss_and_weights_are_those_of_the_plain_trainer(model, tmp_path, tokens):
    data = examples(23)
    expected = copy.deepcopy(model)
    plain = plainly(expected, data, tmp_path / "plain")
    train_on_kept(model)
    ours = KeptTrainer(model, arguments(tmp_path / "ours"), [row(*each) for each in data], tokens)
    ours.train()
    assert model.takes_one_row
    check(ours, plain, model, expected)


def test_steps_accumulated_from_unequal_parts_are_those_of_one_big_batch(model, tmp_path):
    data = examples(24)
    expected = copy.deepcopy(model)
    plain = plainly(expected, data, tmp_path / "plain", per_device_train_batch_size=12)
    train_on_kept(model)
    ours = KeptTrainer(model, arguments(tmp_path / "ours", per_device_train_batch_size=4,
                                        gradient_accumulation_steps=3), [row(*each) for each in data], 60)
    ours.train()
    check(ours, plain, model, expected)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_an_adapter_learns_what_it_does_with_the_plain_trainer(model, tmp_path, checkpointing):
    start = np.arange(30, 36, dtype=np.int32)  # a prompt that all begin with
    data = [(np.concatenate([start, ids]), np.concatenate([np.full(6, IGNORE, np.int32), labels]))
            for ids, labels in examples(20)]
    settings = TrainSettings(rank=4, target_modules="all-linear")
    expected = with_adapter(copy.deepcopy(model), settings)
    plain = plainly(expected, data, tmp_path / "plain")
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    adapted = with_adapter(model, settings)
    train_on_kept(adapted.get_base_model())
    ours = KeptTrainer(adapted, arguments(tmp_path / "ours"), [row(*each) for each in data], 90)
    ours.train()
    assert adapted.takes_one_row
    assert all(weight.any() for name, weight in expected.named_parameters() if "lora_B" in name)
    check(ours, plain, adapted, expected)


def test_an_architecture_of_another_kind_keeps_its_own_layers(tmp_path):
    model = AutoModelForCausalLM.from_config(GPT2Config(
        vocab_size=100, n_embd=32, n_layer=2, n_head=2, n_positions=64, attn_pdrop=0, embd_pdrop=0, resid_pdrop=0))
    data, expected = examples(10), copy.deepcopy(model)
    for _, labels in data:
        labels[0] = IGNORE  # nothing predicts it, but for this architecture the plain Trainer counts it
    plain = plainly(expected, data, tmp_path / "plain")
    train_on_kept(model)
    ours = KeptTrainer(model, arguments(tmp_path / "ours"), [row(*each) for each in data], 60)
    ours.train()
    assert not model.takes_one_row
    check(ours, plain, model, expected)


def test_weights_multiply_the_loss_of_each_token(tiny_model):
    """The sum of w × loss, and its gradient, by a plain forward pass."""
    random = np.random.default_rng(2)
    ids = [random.integers(3, 60, size).astype(np.int32) for size in (6, 9)]
    weights = [random.random(len(each)).astype(np.float32) for each in ids]
    rows = [row(each, np.where(np.arange(len(each)) < 2, IGNORE, each), some) for each, some in zip(ids, weights)]
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    expected = torch.zeros(())
    for each, some in zip(ids, weights):
        tokens = torch.from_numpy(each.astype(np.int64))[None]
        losses = functional.cross_entropy(model(tokens).logits[0, 1:-1], tokens[0, 2:], reduction="none")
        expected = expected + (losses * torch.from_numpy(some[2:])).sum()
    expected.backward()
    plain = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    train_on_kept(model)
    found = model(**padded(rows, torch.device("cpu")))["loss"]
    found.backward()
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    for name, weight in model.named_parameters():
        if name in plain:
            assert torch.allclose(weight.grad, plain[name], atol=1e-5)
    each = model(**padded(rows, torch.device("cpu")), each=True)["each"]
    assert float((each * torch.from_numpy(np.concatenate([one.weights for one in rows]))).sum()) == pytest.approx(
        float(expected), rel=1e-5)
