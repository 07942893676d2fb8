"""Checkpoints that a kill may interrupt: one counts once its mark is there, which is written last.

    checkpoints/checkpoint-50/    what `transformers.Trainer` writes: adapter or weights, optimiser, schedule, seeds
    checkpoints/checkpoint-50/whole
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerCallback

from xtf import workspace

_MARK = "whole"


class Marking(TrainerCallback):
    """Marks every checkpoint once all of it is written."""

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        _mark(args, state)


def write_now(trainer: Trainer) -> None:
    """Writes a checkpoint of the last whole step, outside of the trainer's loop. Before the first step there is nothing
    that starting again would not give."""
    if trainer.state.global_step and not _marked(trainer.args, trainer.state).is_file():
        trainer._save_checkpoint(trainer.model, None)  # type: ignore[arg-type]  # there is no public way to write one
        _mark(trainer.args, trainer.state)


def _mark(args: Any, state: Any) -> None:
    if args.should_save:
        _marked(args, state).touch()


def _marked(args: Any, state: Any) -> Path:
    return Path(args.output_dir) / f"checkpoint-{state.global_step}" / _MARK


def newest(folder: Path) -> Path | None:
    """The newest whole checkpoint."""
    return max((path for path in _all(folder) if (path / _MARK).is_file()), key=_step, default=None)


def clear(folder: Path) -> None:
    """Removes what a kill or a full disk has left of checkpoints."""
    for path in _all(folder):
        if not (path / _MARK).is_file():
            workspace.remove_folder(path)


def _all(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob("checkpoint-*") if path.is_dir() and path.name[11:].isdecimal())


def _step(path: Path) -> int:
    return int(path.name[11:])
