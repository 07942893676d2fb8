"""`xtf bench scoring`: this project's scoring against the published procedure, on the same examples, in one run."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from xtf import models
from xtf.bench import published
from xtf.config import ScoreSettings
from xtf.engine import local, token_types
from xtf.engine import survey as surveying
from xtf.progress import Progress, silent
from xtf.scoring.forward import Scorer


@dataclass(frozen=True)
class Contender:
    """One way of scoring, and how long it took for all examples, loading of the model left out."""

    name: str
    seconds: float
    tokens_per_second: float
    times_published: float


def compare(settings: ScoreSettings, progress: Progress = silent) -> dict[str, Any]:
    """Times the published procedure in float32, and ours in float32 and in bfloat16, all columns of both."""
    tokenizer, config = models.load_tokenizer(settings), models.load_config(settings)
    context = models.context_length(config)
    found = surveying.survey(settings, tokenizer, context)
    stream = list(surveying.rendered(settings, tokenizer, context, Counter()))
    ways: list[tuple[str, str, Callable[[Any], Any]]] = [
        ("published procedure, float32", "float32",
         lambda loaded: published.score(loaded.model, tokenizer, [tokens for _, tokens in stream], found.domain_words)),
        *((f"xtf, {dtype}", dtype, lambda loaded: _ours(loaded, stream, settings, found.domain_words))
          for dtype in ("float32", "bfloat16"))]
    results: list[Contender] = []
    for number, (name, dtype, work) in enumerate(ways):
        progress(number, len(ways), name)
        loaded = models.load_model(settings.model_copy(update={"dtype": dtype, "device": "cpu"}))
        if number == 0:
            loaded.model.set_attn_implementation("eager")  # the only one that gives attention maps
        loaded.model(torch.arange(64)[None])  # warm-up
        started = time.perf_counter()
        work(loaded)
        seconds = time.perf_counter() - started
        first = results[0].seconds if results else seconds
        results.append(Contender(name, round(seconds, 2), round(found.tokens / seconds, 1), round(first / seconds, 2)))
    return {"data": settings.data, "model": models.display_name(settings), "examples": len(found.lengths),
            "tokens": found.tokens, "trainable": found.trainable, "threads": torch.get_num_threads(),
            "results": [vars(result) for result in results]}


def _ours(loaded: models.LoadedModel, stream: Any, settings: ScoreSettings, words: tuple[str, ...]) -> None:
    """Everything that `xtf score` computes, without its reading and writing of files."""
    scorer = Scorer(loaded)
    shards = [local.shard_table(local.score_window(scorer, window, settings.batch_tokens, lambda done: None))
              for window in surveying.windows(iter(stream))]
    token_types.table(shards, loaded.tokenizer, scorer.type_similarities, words)
