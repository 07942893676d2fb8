"""What a fine-tune tells of each step: a line of metrics.jsonl, TensorBoard's events, and how far it is."""

import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from tensorboardX import SummaryWriter
from transformers import TrainerCallback

from xtf.engine.room import peak_memory
from xtf.errors import TrainingError
from xtf.progress import TRAINING, Progress
from xtf.training import processes
from xtf.training.folder import COLUMNS

_TOLD = ("loss", "learning_rate", "grad_norm")
_COUNTED = ("trained", "tokens", "seconds")


class Metrics(TrainerCallback):
    """Writes after each step. Counts and seconds go on where a resumed fine-tune was interrupted."""

    def __init__(self, path: Path, events: Path, progress: Progress):
        self._path, self._events, self._progress = path, events, progress
        self._before = dict.fromkeys(_COUNTED, 0.0)
        self._started = time.monotonic()
        self._writer: SummaryWriter | None = None
        self._trainer: Any = None

    def watch(self, trainer: Any) -> None:
        """From now on the counts are those of this trainer."""
        self._trainer = trainer

    def close(self) -> None:
        """Lets what is not yet in the files of TensorBoard be written."""
        if self._writer is not None:
            self._writer.close()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Lines after the checkpoint that is resumed are of steps that will be done again."""
        self._started = time.monotonic()
        if not processes.is_first():
            return
        text = self._path.read_text(encoding="utf-8") if self._path.is_file() else ""
        lines = [line for line in text.splitlines(keepends=True)
                 if line.endswith("\n") and json.loads(line)["step"] <= state.global_step]
        self._path.write_text("".join(lines), encoding="utf-8")
        if lines:
            self._before |= {name: json.loads(lines[-1])[name] for name in _COUNTED}
        self._writer = SummaryWriter(str(self._events), purge_step=state.global_step + 1)
        self._progress(state.global_step, state.max_steps, TRAINING)

    def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """A line for the step. Raises: TrainingError where loss or gradient is no number."""
        logs = more["logs"]
        if "loss" not in logs:
            return
        told = {name: float(logs[name]) for name in _TOLD if name in logs}
        if not all(map(math.isfinite, told.values())):
            raise TrainingError(f"Loss or gradient of step {state.global_step} is no number: lower the learning rate. "
                                "The last checkpoint before it is kept.")
        counts = self._counts()
        if processes.is_first():
            self._write({"step": state.global_step, "epoch": state.epoch, **told, **counts})
            self._progress(state.global_step, state.max_steps, TRAINING)

    def _counts(self) -> dict[str, float]:
        """Trained tokens and tokens read by all processes, seconds, and the most memory so far in bytes."""
        counted = torch.tensor([self._trainer.trained, self._trainer.read], device=self._trainer.args.device)
        trained, read = self._trainer.accelerator.reduce(counted, "sum").tolist()
        device = self._trainer.args.device
        memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else peak_memory()
        return {"trained": int(self._before["trained"]) + trained, "tokens": int(self._before["tokens"]) + read,
                "seconds": self._before["seconds"] + time.monotonic() - self._started, "memory": memory}

    def _write(self, values: dict[str, float]) -> None:
        line = {name: values.get(name) for name in COLUMNS}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for name in (*_TOLD, *_COUNTED, "epoch", "memory"):
            if self._writer is not None and line[name] is not None:
                self._writer.add_scalar(f"train/{name}", line[name], int(values["step"]))
