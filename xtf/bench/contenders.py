"""Ways of scoring the same examples, timed in a process each, so that one's memory is not another's."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from xtf import models
from xtf.bench import published
from xtf.config import ScoreSettings
from xtf.data.types import Tokens
from xtf.engine import room, token_types
from xtf.engine import survey as surveying
from xtf.engine.survey import Window
from xtf.engine.window import Budget, batches, score_window, shard_table
from xtf.models import LoadedModel
from xtf.scoring.forward import Scorer
from xtf.scoring.layout import Layout, padded


@dataclass(frozen=True)
class Task:
    """Examples ready to score, in the windows that are a run's shards."""

    windows: list[Window]
    words: tuple[str, ...]
    budget: int

    @property
    def examples(self) -> list[Tokens]:
        return [tokens for window in self.windows for _, tokens in window]

    def batches(self, device: torch.device) -> list[Layout]:
        """Those that XTF makes, padded."""
        return [padded([window[position][1] for position in batch], device) for window in self.windows
                for batch in batches([len(tokens) for _, tokens in window], self.budget)]


Work = Callable[[Task], Any]


def _published(loaded: LoadedModel) -> Work:
    return lambda task: published.score(loaded.model, loaded.tokenizer, task.examples, task.words)


def _loop(loaded: LoadedModel) -> Work:
    """What one writes with `transformers` alone: batches, all attention maps, all logits; no relevance."""
    loaded.model.set_attn_implementation("eager")

    @torch.inference_mode()
    def run(task: Task) -> None:
        for batch in task.batches(loaded.model.device):
            output = loaded.model(batch.ids, attention_mask=(batch.positions < batch.lengths).long(),
                                  output_attentions=True, use_cache=False)
            torch.stack([weights.mean(1).sum(1) for weights in output.attentions]).mean(0)
            output.logits[:, :-1].float().log_softmax(-1).gather(2, batch.ids[:, 1:, None])
    return run


def _bare(loaded: LoadedModel) -> Work:
    """Hidden states of the same batches as `transformers` makes them, and nothing else."""

    @torch.inference_mode()
    def run(task: Task) -> None:
        for batch in task.batches(loaded.model.device):
            loaded.model.base_model(input_ids=batch.ids, use_cache=False).last_hidden_state.sum().item()
    return run


def _xtf(loaded: LoadedModel) -> Work:
    """Everything that `xtf score` computes, without its reading and writing of files."""
    scorer = Scorer(loaded)

    def run(task: Task) -> None:
        budget = Budget(task.budget)
        shards = (shard_table(score_window(scorer, window, budget, lambda done: None)) for window in task.windows)
        token_types.table(shards, loaded.tokenizer, scorer.type_similarities, task.words)
    return run


#: Name → a function that prepares a loaded model and returns the work to time.
CONTENDERS: dict[str, Callable[[LoadedModel], Work]] = {
    "published procedure": _published, "transformers loop": _loop, "bare forward": _bare, "xtf": _xtf}


def measure(name: str, settings: ScoreSettings, words: tuple[str, ...]) -> tuple[float, int]:
    """Seconds of the work, loading and a warm-up left out, and the greatest resident memory in bytes. For a process of
    its own."""
    loaded = models.load_model(settings)
    stream = surveying.rendered(settings, loaded.tokenizer, loaded.context, Counter())
    windows = list(surveying.windows(stream))
    task = Task(windows, words, settings.batch_tokens)
    work = CONTENDERS[name](loaded)
    work(Task([windows[0][:2]], words, task.budget))
    started = time.perf_counter()
    work(task)
    return time.perf_counter() - started, room.peak_memory()

