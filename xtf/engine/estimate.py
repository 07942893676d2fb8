"""What a run will cost, measured on a few rows before it starts."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import psutil

from xtf import models
from xtf.config import ScoreSettings
from xtf.data.types import Example, Tokens
from xtf.engine import local
from xtf.engine import survey as surveying
from xtf.engine.window import score_window
from xtf.progress import Progress, silent

_PROBE_TOKENS = 4096
_BYTES_PER_TOKEN = 90  # ids, spans, marks and the score columns, in float32


@dataclass(frozen=True)
class Estimate:
    """Expected cost of a run."""

    examples: int
    tokens: int
    trainable: int
    seconds: float  # of scoring, loading included
    tokens_per_second: float
    memory_bytes: int  # resident, at the peak of the probe
    disk_bytes: int
    notes: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The estimate in words."""
        return (f"{self.examples:,} examples, {self.tokens:,} tokens ({self.trainable:,} of responses): about "
                f"{duration(self.seconds)} at {self.tokens_per_second:,.0f} tokens/s, "
                f"{self.memory_bytes / 1e9:.1f} GB of memory, {self.disk_bytes / 1e6:,.0f} MB on disk.")


def duration(seconds: float) -> str:
    """`95` → `1 min 35 s`."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def estimate(settings: ScoreSettings, progress: Progress = silent) -> Estimate:
    """Reads all data, then scores a few thousand tokens of it. Raises: XtfError as `score` does."""
    from xtf.scoring.forward import Scorer

    local.check_data(settings, progress)
    tokenizer, config = models.load_tokenizer(settings), models.load_config(settings)
    found = surveying.survey(settings, tokenizer, models.context_length(config), progress)
    progress(0, found.tokens, "loading model")
    started = time.monotonic()
    loaded = models.load_model(settings)
    scorer = Scorer(loaded, settings.layers)
    loading = time.monotonic() - started
    stream = surveying.rendered(settings, loaded.tokenizer, loaded.context, found.tally.copy())
    probe = list(_some(stream))
    progress(0, found.tokens, "measuring speed")
    score_window(scorer, list(islice(probe, 2)), settings.batch_tokens, lambda done: None)  # warm-up
    started = time.monotonic()
    score_window(scorer, probe, settings.batch_tokens, lambda done: None)
    rate = sum(len(tokens) for _, tokens in probe) / (time.monotonic() - started)
    notes = [*found.notes, *([scorer.attention_note] if scorer.attention_note else [])]
    return Estimate(len(found.lengths), found.tokens, found.trainable, round(loading + found.tokens / rate, 1),
                    round(rate, 1), psutil.Process().memory_info().rss, found.tokens * _BYTES_PER_TOKEN, notes)


def _some(stream: Iterator[tuple[Example, Tokens]]) -> Iterator[tuple[Example, Tokens]]:
    """The first few thousand tokens' worth of examples."""
    count = 0
    for example, tokens in stream:
        yield example, tokens
        count += len(tokens)
        if count >= _PROBE_TOKENS:
            return
