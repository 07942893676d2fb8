"""`xtf bench scoring`: XTF's scoring beside the published procedure, a plain loop, the bare forward pass and what the
machine could do at best, on the same examples, in one run."""

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from xtf import models
from xtf.bench import roofline
from xtf.bench.alone import alone
from xtf.bench.contenders import measure
from xtf.config import ScoreSettings
from xtf.engine import survey as surveying
from xtf.progress import Progress, silent

_DTYPES = ("float32", "bfloat16")
_WAYS = [("published procedure", "float32"), *itertools.product(("transformers loop", "bare forward", "xtf"), _DTYPES)]


@dataclass(frozen=True)
class Result:
    """One way of scoring in one number format: medians over the repeats, of ratios within a repeat."""

    name: str
    dtype: str
    seconds: float  # loading left out
    tokens_per_second: float
    times_published: float  # how often faster than the published procedure
    times_bare: float  # how many times the bare forward pass of the same number format takes
    of_roofline: float  # share of the speed that the machine's matrix products allow
    memory_bytes: int  # greatest resident memory of its process


def compare(settings: ScoreSettings, repeats: int = 3, progress: Progress = silent) -> dict[str, Any]:
    """Times every way, one after the other in each repeat, so that a noisy machine disturbs them alike."""
    tokenizer, config = models.load_tokenizer(settings), models.load_config(settings)
    found = surveying.survey(settings, tokenizer, models.context_length(config))
    seconds, memory = np.zeros((repeats, len(_WAYS))), np.zeros(len(_WAYS), np.int64)
    speed = np.zeros((repeats, len(_DTYPES)))
    for turn in range(repeats):
        for number, dtype in enumerate(_DTYPES):
            speed[turn, number] = roofline.matmul_speed(settings.model_copy(update={"dtype": dtype}))
        for number, (name, dtype) in enumerate(_WAYS):
            progress(turn * len(_WAYS) + number, seconds.size, f"{name}, {dtype}")
            seconds[turn, number], peak = alone(
                measure, name, settings.model_copy(update={"dtype": dtype}), found.domain_words)
            memory[number] = max(memory[number], peak)
    types = _types(settings, tokenizer, models.context_length(config))
    needed = roofline.flops(models.load_model(settings).model, np.array(found.lengths), found.trainable, types)
    results = [_result(number, seconds, memory, needed / speed, found.tokens) for number in range(len(_WAYS))]
    roof = [{"dtype": dtype, "matmul_gflops": round(float(np.median(speed[:, number])) / 1e9, 1),
             "tokens_per_second": round(found.tokens * float(np.median(speed[:, number])) / needed, 1)}
            for number, dtype in enumerate(_DTYPES)]
    return {"data": settings.data, "model": models.display_name(settings), "examples": len(found.lengths),
            "tokens": found.tokens, "trainable": found.trainable, "token_types": types,
            "flops_per_token": round(needed / found.tokens),
            "device": settings.device, "threads": torch.get_num_threads(), "repeats": repeats, "roofline": roof,
            "results": [vars(result) for result in results]}


def _types(settings: ScoreSettings, tokenizer: Any, context: int | None) -> int:
    """How many token types the examples hold."""
    return len({token for _, tokens in surveying.rendered(settings, tokenizer, context, Counter())
                for token in tokens.ids.tolist()})


def _result(number: int, seconds: np.ndarray, memory: np.ndarray, ideal: np.ndarray, tokens: int) -> Result:
    name, dtype = _WAYS[number]
    mine, bare = seconds[:, number], seconds[:, _WAYS.index(("bare forward", dtype))]
    middle = float(np.median(mine))
    return Result(name, dtype, round(middle, 6), round(tokens / middle, 1),
                  round(float(np.median(seconds[:, 0] / mine)), 4), round(float(np.median(mine / bare)), 4),
                  round(float(np.median(ideal[:, _DTYPES.index(dtype)] / mine)), 6), int(memory[number]))
