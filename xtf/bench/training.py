"""`xtf bench training`: XTF's fine-tuning beside the plain `transformers.Trainer`, on the same examples and labels."""

from typing import Any

import numpy as np
import torch

from xtf import models
from xtf.bench import trainers
from xtf.bench.alone import alone
from xtf.bench.trainers import DEFAULT, SAME, WAYS, Measured
from xtf.config import ScoreSettings
from xtf.engine import local
from xtf.errors import SettingsError
from xtf.progress import Progress, silent
from xtf.runs import open_run


def compare(settings: ScoreSettings, batch: int, repeats: int = 3, progress: Progress = silent) -> dict[str, Any]:
    """Scores the data, unless a run of it is there, and trains an epoch in each way, one after the other in each
    repeat, so that a noisy machine disturbs them alike. Ratios are medians of those within a repeat."""
    run = local.score(settings, progress=progress).name
    table = open_run(run).table()
    if len(table.offsets) - 1 < 2 * batch or batch % trainers.MICRO:
        raise SettingsError(f"Choose --batch-examples divisible by {trainers.MICRO}, and at least twice as many "
                            "--examples: the first step is not measured.")
    found: list[list[Measured]] = []
    for turn in range(repeats):
        found.append([])
        for number, way in enumerate(WAYS):
            progress(turn * len(WAYS) + number, repeats * len(WAYS), way)
            found[-1].append(alone(trainers.measure, way, run, settings, batch))
    return {"data": settings.data, "model": models.display_name(settings), "examples": len(table.offsets) - 1,
            "tokens": len(table.ids), "batch_examples": batch, "threads": torch.get_num_threads(), "repeats": repeats,
            "results": [_result(number, found) for number in range(len(WAYS))]}


def _result(number: int, found: list[list[Measured]]) -> dict[str, Any]:
    mine = [turn[number] for turn in found]
    default, same = ([turn[WAYS.index(way)] for turn in found] for way in (DEFAULT, SAME))
    return {"name": WAYS[number], "seconds": round(_median([each.seconds for each in mine]), 4),
            "tokens": mine[0].tokens, "tokens_per_second": round(_median([_speed(each) for each in mine]), 2),
            "times_default": round(_times(mine, default), 4), "times_same": round(_times(mine, same), 4),
            "processor_times_default": round(_times(mine, default, True), 4),
            "processor_times_same": round(_times(mine, same, True), 4),
            "memory_bytes": max(each.memory_bytes for each in mine),
            "memory_of_default": round(_memory(mine, default), 4), "memory_of_same": round(_memory(mine, same), 4),
            "first_loss": mine[0].loss}


def _speed(measured: Measured, processor: bool = False) -> float:
    return measured.tokens / (measured.processor_seconds if processor else measured.seconds)


def _times(mine: list[Measured], other: list[Measured], processor: bool = False) -> float:
    return _median([_speed(one, processor) / _speed(another, processor) for one, another in zip(mine, other)])


def _memory(mine: list[Measured], other: list[Measured]) -> float:
    return max(each.memory_bytes for each in mine) / max(each.memory_bytes for each in other)


def _median(values: list[float]) -> float:
    return float(np.median(values))
