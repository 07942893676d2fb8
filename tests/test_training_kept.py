"""Training over kept tokens only, against the plain Trainer on the same batches and labels."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, DataCollatorForSeq2Seq, Trainer, TrainingArguments

from xtf.filters import IGNORE
from xtf.training.loss import train_on_kept
from xtf.training.rows import Row, micro_batches, row
from xtf.training.trainer import KeptTrainer

BATCH = 5


def test_a_row_ends_with_its_last_judged_prediction():
    # Labels at 2 and 3 are predicted at 1 and 2; tokens 14 and 15 come after, and nothing judged looks at token 13.
    found = row(np.arange(10, 16, dtype=np.int32), np.array([IGNORE, IGNORE, 12, 13, IGNORE, IGNORE], np.int32))
    assert [part.tolist() for part in found] == [[10, 11, 12], [1, 2], [12, 13]]


@pytest.mark.parametrize("labels", [[IGNORE] * 3, [7, IGNORE, IGNORE]])
def test_an_example_that_nothing_predicts_is_empty(labels):
    assert [len(part) for part in row(np.array([7, 8, 9], np.int32), np.array(labels, np.int32))] == [0, 0, 0]


def test_micro_batches_hold_every_row_once_and_no_more_padding_than_asked():
    lengths = [3, 9, 4, 4, 1, 0, 30]
    rows = [Row(np.zeros(length, np.int32), np.arange(length), np.zeros(length, np.int32)) for length in lengths]
    found = [[len(each.ids) for each in batch] for batch in micro_batches(rows, 12)]
    assert found == [[1, 3, 4], [4], [9], [30]]


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


@pytest.mark.parametrize("tokens", [1, 60, 10_000])
def test_loss_and_weights_are_those_of_the_plain_trainer(model, tiny_model, tmp_path, tokens):
    from transformers import AutoTokenizer

    data = examples(23)
    plain_model = copy.deepcopy(model)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    plain = Trainer(plain_model, arguments(tmp_path / "plain"), data_collator=DataCollatorForSeq2Seq(tokenizer),
                    train_dataset=Dataset.from_list([{"input_ids": ids, "attention_mask": np.ones_like(ids),
                                                      "labels": labels} for ids, labels in data]))
    plain.train()
    train_on_kept(model)
    ours = KeptTrainer(model, arguments(tmp_path / "ours"), [row(*each) for each in data], tokens)
    ours.train()
    assert losses(ours) == pytest.approx(losses(plain), abs=1e-5)
    for name, weight in plain_model.named_parameters():
        assert torch.allclose(dict(model.named_parameters())[name], weight, atol=1e-5), name
