"""A fine-tune from its first step, or its last checkpoint, to its last step."""

import json
import math
import signal
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import TrainerCallback, TrainingArguments

from xtf.errors import TrainingError
from xtf.progress import Progress, silent
from xtf.training.checkpoints import Marking, newest
from xtf.training.data import Rows
from xtf.training.settings import TrainSettings
from xtf.training.trainer import KeptTrainer

METRICS, CHECKPOINTS = "metrics.jsonl", "checkpoints"
_KEPT = 2  # checkpoints


def fit(model: Any, rows: Rows, settings: TrainSettings, folder: Path, *, progress: Progress = silent) -> KeptTrainer:
    """Trains `model` (see `xtf.training.adapter.prepared`) and returns its trainer. `folder` takes checkpoints/ and
    metrics.jsonl (a line a step: step, epoch, loss, learning_rate, grad_norm, kept, seconds, memory); where it has a
    checkpoint of the same settings, the work goes on from it, on the same loss curve. `progress` counts steps.

    On SIGTERM a checkpoint is written after the present step and KeyboardInterrupt raised. Raises: TrainingError for a
    loss that is no number; the last checkpoint stays.
    """
    stop, checkpoints = _Stopping(), folder / CHECKPOINTS
    trainer = KeptTrainer(model, _arguments(settings, checkpoints), rows, settings.batch_tokens,
                          [Marking(), _Telling(folder / METRICS, progress), stop])
    last = newest(checkpoints)
    with stop:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    if stop.asked:
        raise KeyboardInterrupt
    return trainer


def _arguments(settings: TrainSettings, folder: Path) -> TrainingArguments:
    cpu = settings.device == "cpu" or (settings.device == "auto" and not torch.cuda.is_available()
                                       and not torch.backends.mps.is_available())
    return TrainingArguments(
        str(folder), per_device_train_batch_size=settings.batch_examples, num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate, lr_scheduler_type=settings.schedule, warmup_steps=settings.warmup,
        max_grad_norm=settings.max_grad_norm, weight_decay=settings.weight_decay, seed=settings.seed,
        save_steps=settings.checkpoint_steps, save_total_limit=_KEPT, use_cpu=cpu, logging_steps=1,
        logging_nan_inf_filter=False, remove_unused_columns=False, report_to="none", disable_tqdm=True)


class _Telling(TrainerCallback):
    """Writes a line for each step, and tells how far it is."""

    def __init__(self, path: Path, progress: Progress):
        self._path, self._progress, self._started = path, progress, time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Lines after the checkpoint that is resumed are of steps that will be done again."""
        if self._path.is_file():
            lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= state.global_step]
            self._path.write_text("".join(kept), encoding="utf-8")

    def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        logs = more["logs"]
        if "loss" not in logs:
            return
        told = {name: float(logs[name]) for name in ("loss", "learning_rate", "grad_norm") if name in logs}
        if not all(map(math.isfinite, told.values())):
            raise TrainingError(f"Loss or gradient of step {state.global_step} is no number: lower the learning rate. "
                                "The last checkpoint before it is kept.")
        line = {"step": state.global_step, "epoch": state.epoch, **told, "seconds": time.monotonic() - self._started,
                "memory": psutil.Process().memory_info().rss}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._progress(state.global_step, state.max_steps, "training")


class _Stopping(TrainerCallback):
    """Lets SIGTERM end the training after the present step, with a checkpoint."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._ask)

    def __exit__(self, *_: Any) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _ask(self, *_: Any) -> None:
        self.asked = True

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.asked:
            control.should_save = control.should_training_stop = True
