"""A fine-tune from its first step, or its last checkpoint, to its last step."""

from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from xtf import models, workspace
from xtf.engine.room import free_disk
from xtf.errors import SettingsError, XtfError
from xtf.progress import Progress, silent
from xtf.training import processes
from xtf.training.checkpoints import Marking, clear, newest, write_now
from xtf.training.data import Rows
from xtf.training.folder import CHECKPOINTS, EVENTS, METRICS
from xtf.training.metrics import Metrics
from xtf.training.settings import TrainSettings
from xtf.training.stopping import Stopping
from xtf.training.trainer import KeptTrainer

_KEPT = 2  # checkpoints
_LEAST_FREE = 1 << 16  # bytes


def fit(model: Any, rows: Rows, settings: TrainSettings, folder: Path, *, progress: Progress = silent) -> KeptTrainer:
    """Trains `model` (see `xtf.training.adapter.prepared`) and returns its trainer. `folder` takes checkpoints/,
    metrics.jsonl (a line a step, `xtf.training.folder.COLUMNS`) and events/ for TensorBoard; where it has a checkpoint
    of the same settings, the work goes on from it, on the same loss curve. `progress` counts steps.

    On SIGTERM or Ctrl-C a checkpoint of the last whole step is written and KeyboardInterrupt raised. Raises:
    TrainingError for a loss that is no number, ModelError where one example alone does not fit into memory, StoreError
    when the disk is full; the last whole checkpoint stays.
    """
    stop, checkpoints = Stopping(), folder / CHECKPOINTS
    if processes.is_first():
        clear(checkpoints)
    last = newest(checkpoints)
    metrics = Metrics(folder / METRICS, folder / EVENTS, progress)
    trainer = KeptTrainer(model, _arguments(settings, len(rows), checkpoints), rows, settings.batch_tokens,
                          [Marking(), metrics, stop], rows.lengths if settings.group_by_length else None, rows.online)
    metrics.watch(trainer)
    try:
        with stop:
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except KeyboardInterrupt:
        if stop.asked:
            stop.restore_seeds()
            write_now(trainer)
        raise
    except Exception as error:
        full = _is_disk_full(folder, error)  # before the room of what was half written is given back
        clear(checkpoints)
        if full:
            raise workspace.disk_full(checkpoints) from error
        raise
    finally:
        metrics.close()
    if stop.asked:
        raise KeyboardInterrupt
    return trainer


def _is_disk_full(folder: Path, error: Exception) -> bool:
    """safetensors wraps what the system said, and torch.save says something else: then the disk itself is asked."""
    return models.is_disk_full(error) or (not isinstance(error, XtfError) and free_disk(folder) < _LEAST_FREE)


def _arguments(settings: TrainSettings, examples: int, folder: Path) -> TrainingArguments:
    cpu = settings.device == "cpu" or (settings.device == "auto" and not torch.cuda.is_available()
                                       and not torch.backends.mps.is_available())
    return TrainingArguments(
        str(folder), per_device_train_batch_size=_on_each_device(settings), num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate, lr_scheduler_type=settings.schedule,
        warmup_steps=_warmup(settings, examples), max_grad_norm=settings.max_grad_norm,
        weight_decay=settings.weight_decay, seed=settings.seed, save_steps=settings.checkpoint_steps,
        save_total_limit=_KEPT, use_cpu=cpu, logging_steps=1,
        logging_nan_inf_filter=False, remove_unused_columns=False, report_to="none", disable_tqdm=True,
        ddp_find_unused_parameters=False)


def _warmup(settings: TrainSettings, examples: int) -> int:
    """Whole steps, rounded down: the trainer would round up, and a rate that rises begins at 0, so that a fine-tune of
    one step would learn nothing."""
    return int(settings.warmup * settings.steps(examples))


def _on_each_device(settings: TrainSettings) -> int:
    """Examples of a whole step on each of the processes that `accelerate launch` started. Batches that are accumulated
    are one to the trainer, which cuts them by token count anyway. Raises: SettingsError."""
    count = processes.count()
    if settings.batch_examples % count:
        raise SettingsError(f"A batch of {settings.batch_examples} examples cannot be shared out evenly to {count} "
                            f"processes: choose --batch-examples {-(-settings.batch_examples // count) * count}.")
    return settings.batch_examples * settings.gradient_accumulation // count
