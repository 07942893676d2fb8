"""Ways of training on the same labels: the plain `transformers.Trainer` as people use it, and XTF. A process for each.

    plain, default batches   random order, each step one batch, padded to its longest example
    plain, same batches      XTF's steps, each cut into micro-batches of `MICRO` examples, sorted by length
    xtf                      the same steps, in micro-batches of at most as many tokens as the largest of those
"""

import tempfile
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import DataCollatorForSeq2Seq, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from xtf import filters, models
from xtf.config import ModelSettings, Thresholds
from xtf.engine import room
from xtf.runs import open_run
from xtf.training.adapter import prepared, with_adapter
from xtf.training.order import order
from xtf.training.rows import row
from xtf.training.settings import TrainSettings
from xtf.training.trainer import KeptTrainer

DEFAULT, SAME, XTF = "plain, default batches", "plain, same batches", "xtf"
WAYS = (DEFAULT, SAME, XTF)
MICRO = 4  # examples
_SETTINGS = TrainSettings(device="cpu", dtype="float32")


@dataclass(frozen=True)
class Measured:
    """What a process found. Of the first step, in which everything is slow once, only the loss counts."""

    seconds: float
    processor_seconds: float  # of all threads: other programs disturb it less
    tokens: int  # of the examples, whole and without padding
    memory_bytes: int  # greatest resident memory
    loss: float  # of the first step, nats a kept token


class _Clock(TrainerCallback):
    def __init__(self) -> None:
        self.steps: list[tuple[float, float]] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.steps.append((time.perf_counter(), time.process_time()))


def measure(way: str, run: str, model: ModelSettings, batch: int) -> Measured:
    """One pass over the run's examples in whole steps of `batch`, labelled by preset `corrected`."""
    examples, taken = _examples(run), _taken(run, batch, way)
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = (_xtf if way == XTF else _plain)(model, examples, taken, batch, way, folder)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(clock)
        trainer.train()
    loss = next(entry["loss"] for entry in trainer.state.log_history if "loss" in entry)
    (first, of_first), (last, of_last) = clock.steps[0], clock.steps[-1]
    tokens = sum(len(examples[number][0]) for number in taken[batch:])
    return Measured(last - first, of_last - of_first, tokens, room.peak_memory(), loss)


def _examples(run: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """(ids, labels) int32[n] of each example."""
    table = open_run(run).table()
    labels = filters.labels(table.ids, filters.judge(table, Thresholds()).keep)
    return [(np.asarray(table.ids[start:stop]), labels[start:stop])
            for start, stop in zip(table.offsets[:-1], table.offsets[1:])]


def _taken(run: str, batch: int, way: str) -> list[int]:
    """Numbers of the examples in the order of a way's steps, as many as fill them."""
    lengths = np.diff(open_run(run).table().offsets)
    whole = len(lengths) // batch * batch
    if way == DEFAULT:
        return [int(number) for number in np.random.default_rng(0).permutation(len(lengths))[:whole]]
    return [int(number) for number in order(lengths, batch, 0, 0)[:whole]]


def _micro(examples: list[tuple[np.ndarray, np.ndarray]], taken: list[int], batch: int) -> list[list[int]]:
    """The steps' examples by length, `MICRO` at a time."""
    steps = [sorted(taken[start:start + batch], key=lambda number: len(examples[number][0]))
             for start in range(0, len(taken), batch)]
    return [step[start:start + MICRO] for step in steps for start in range(0, batch, MICRO)]


def _arguments(folder: str, size: int, accumulated: int = 1) -> TrainingArguments:
    return TrainingArguments(
        folder, per_device_train_batch_size=size, gradient_accumulation_steps=accumulated, num_train_epochs=1,
        learning_rate=_SETTINGS.learning_rate, use_cpu=True, logging_steps=1, save_strategy="no", report_to="none",
        disable_tqdm=True, remove_unused_columns=False, train_sampling_strategy="sequential")


def _plain(model: ModelSettings, examples: list[tuple[np.ndarray, np.ndarray]], taken: list[int], batch: int, way: str,
           folder: str) -> Trainer:
    loaded = models.load_model(model.model_copy(update={"device": "cpu", "dtype": "float32"}))
    size = batch if way == DEFAULT else MICRO
    if way == SAME:
        taken = [number for part in _micro(examples, taken, batch) for number in part]
    rows = [{"input_ids": ids.tolist(), "attention_mask": [1] * len(ids), "labels": labels.tolist()}
            for ids, labels in (examples[number] for number in taken)]
    return Trainer(with_adapter(loaded.model.train(), _SETTINGS), _arguments(folder, size, batch // size),
                   DataCollatorForSeq2Seq(loaded.tokenizer), Dataset.from_list(rows))


def _xtf(model: ModelSettings, examples: list[tuple[np.ndarray, np.ndarray]], taken: list[int], batch: int, way: str,
         folder: str) -> Trainer:
    torch.manual_seed(0)
    tokens = max(sum(len(examples[number][0]) for number in part) for part in _micro(examples, taken, batch))
    rows: Any = [row(*examples[number]) for number in taken]
    return KeptTrainer(prepared(model, _SETTINGS)[0], _arguments(folder, batch), rows, tokens)
