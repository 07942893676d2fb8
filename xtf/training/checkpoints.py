"""Checkpoints that a kill may interrupt: one counts once its mark is there, which is written last.

    checkpoints/checkpoint-50/    what `transformers.Trainer` writes: adapter or weights, optimiser, schedule, seeds
    checkpoints/checkpoint-50/whole
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

_MARK = "whole"


class Marking(TrainerCallback):
    """Marks every checkpoint once all of it is written."""

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _MARK).touch()


def newest(folder: Path) -> Path | None:
    """The newest whole checkpoint; what a kill has left of others is removed."""
    found = sorted(_all(folder), key=_step)
    for path in found:
        if not (path / _MARK).is_file():
            shutil.rmtree(path, ignore_errors=True)
    return next((path for path in reversed(found) if (path / _MARK).is_file()), None)


def _all(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob("checkpoint-*") if path.is_dir() and path.name[11:].isdecimal())


def _step(path: Path) -> int:
    return int(path.name[11:])
