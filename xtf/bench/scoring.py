"""`xtf bench scoring`: this project's scoring against the published procedure, on the same examples, in one run."""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from xtf import models
from xtf.bench import published
from xtf.config import ScoreSettings
from xtf.engine import survey as surveying
from xtf.engine import token_types
from xtf.engine.window import score_window, shard_table
from xtf.models import LoadedModel
from xtf.progress import Progress, silent
from xtf.scoring.forward import Scorer


@dataclass(frozen=True)
class Contender:
    """One way of scoring: medians over the repeats, loading of the model left out."""

    name: str
    seconds: float
    tokens_per_second: float
    times_published: float


def compare(settings: ScoreSettings, repeats: int = 3, progress: Progress = silent) -> dict[str, Any]:
    """Times the published procedure in float32, and ours in float32 and in bfloat16, all columns of both, one after
    the other in each repeat, so that a noisy machine disturbs them alike."""
    tokenizer, config = models.load_tokenizer(settings), models.load_config(settings)
    context = models.context_length(config)
    found = surveying.survey(settings, tokenizer, context)
    stream = list(surveying.rendered(settings, tokenizer, context, Counter()))
    examples = [tokens for _, tokens in stream]

    def ours(loaded: LoadedModel) -> None:
        _ours(loaded, stream, settings, found.domain_words)

    ways: list[tuple[str, str, Callable[[LoadedModel], Any]]] = [
        ("published procedure, float32", "float32",
         lambda loaded: published.score(loaded.model, tokenizer, examples, found.domain_words)),
        ("xtf, float32", "float32", ours), ("xtf, bfloat16", "bfloat16", ours)]
    seconds = np.zeros((repeats, len(ways)))
    for turn, (number, (name, dtype, work)) in itertools.product(range(repeats), enumerate(ways)):
        progress(turn * len(ways) + number, seconds.size, name)
        seconds[turn, number] = _timed(work, settings.model_copy(update={"dtype": dtype, "device": "cpu"}))
    times = np.median(seconds[:, :1] / seconds, axis=0)
    results = [Contender(way[0], round(middle, 4), round(found.tokens / middle, 1), round(ratio, 2))
               for way, middle, ratio in zip(ways, np.median(seconds, axis=0).tolist(), times.tolist(), strict=True)]
    return {"data": settings.data, "model": models.display_name(settings), "examples": len(found.lengths),
            "tokens": found.tokens, "trainable": found.trainable, "threads": torch.get_num_threads(),
            "repeats": repeats, "results": [vars(result) for result in results]}


def _timed(work: Callable[[LoadedModel], Any], settings: ScoreSettings) -> float:
    loaded = models.load_model(settings)
    loaded.model(torch.arange(64)[None])  # warm-up
    started = time.perf_counter()
    work(loaded)
    return time.perf_counter() - started


def _ours(loaded: LoadedModel, stream: Any, settings: ScoreSettings, words: tuple[str, ...]) -> None:
    """Everything that `xtf score` computes, without its reading and writing of files."""
    scorer = Scorer(loaded)
    shards = [shard_table(score_window(scorer, window, settings.batch_tokens, lambda done: None))
              for window in surveying.windows(iter(stream))]
    token_types.table(shards, loaded.tokenizer, scorer.type_similarities, words)
