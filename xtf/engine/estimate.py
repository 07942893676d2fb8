"""What a run will cost, measured on a few batches of it before it starts."""

import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xtf import models, workspace
from xtf.config import ScoreSettings
from xtf.data.types import Example, Tokens
from xtf.engine import local, probe, room
from xtf.engine import survey as surveying
from xtf.engine.survey import Survey
from xtf.engine.window import Budget, score_window, shard_table
from xtf.progress import Progress, duration, silent
from xtf.runs import Run

if TYPE_CHECKING:
    from xtf.scoring.forward import Scorer

_TYPES = 512  # token types fed one by one, to see how long that takes
_BYTES_PER_TYPE = 64  # in the table of token types: ids, counts, similarities and text
_BYTES_PER_RUN = 8192  # settings and manifest


@dataclass(frozen=True)
class Estimate:
    """Expected cost of a run from its start, with nothing of it done yet."""

    examples: int
    tokens: int
    trainable: int
    seconds: float  # of the whole command
    tokens_per_second: float  # while scoring
    memory_bytes: int  # resident, at the peak
    disk_bytes: int
    parts: dict[str, float] = field(default_factory=dict)  # seconds by stage
    warnings: list[str] = field(default_factory=list)  # where there seems not to be enough of something
    notes: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The estimate in words."""
        return (f"{self.examples:,} examples, {self.tokens:,} tokens ({self.trainable:,} of responses): about "
                f"{duration(self.seconds)} at {self.tokens_per_second:,.0f} tokens/s, "
                f"{workspace.size(self.memory_bytes)} of memory, {workspace.size(self.disk_bytes)} on disk.")


def estimate(settings: ScoreSettings, progress: Progress = silent) -> Estimate:
    """Reads all data, then scores some of its examples, of all lengths, and the largest batch that the run will have.
    Memory is the peak of this process. Raises: XtfError as `score` does."""
    local.check_data(settings, progress)
    started = time.monotonic()
    tokenizer, config = models.load_tokenizer(settings), models.load_config(settings)
    preparing = time.monotonic() - started
    started = time.monotonic()
    survey = surveying.survey(settings, tokenizer, models.context_length(config), progress)
    reading = time.monotonic() - started
    progress(0, survey.tokens, "loading model")
    started = time.monotonic()
    scorer = _scorer(settings)
    loading = preparing + time.monotonic() - started
    progress(0, survey.tokens, "measuring speed")
    planned, chosen = probe.plan(survey.lengths, settings.batch_tokens), probe.sample(survey.lengths)
    largest = probe.largest(planned).positions
    found, types = _read(scorer, settings, survey, {*chosen, *largest})
    list(scorer.score_all(2 * [[found[position][1] for position in largest]]))  # warms up, and takes the most memory
    window = [found[position] for position in chosen]
    started = time.monotonic()
    shard = shard_table(score_window(scorer, window, Budget(settings.batch_tokens), lambda done: None))
    pace = (time.monotonic() - started) / probe.padded(
        probe.plan([len(tokens) for _, tokens in window], settings.batch_tokens))
    scoring = pace * probe.padded(planned)
    writing, bytes_per_shard, bytes_per_token = _write(shard)
    shards = -(-survey.tokens // surveying.SHARD_TOKENS)
    parts = {"loading": loading, "reading": 2 * reading, "scoring": scoring + shards * writing,
             "comparing": _compare(scorer, survey, types)}
    memory, disk = room.peak_memory(), round(
        shards * bytes_per_shard + survey.tokens * bytes_per_token + types * _BYTES_PER_TYPE + _BYTES_PER_RUN)
    return Estimate(
        len(survey.lengths), survey.tokens, survey.trainable, round(sum(parts.values()), 1),
        round(survey.tokens / parts["scoring"], 1), memory, disk,
        {name: round(value, 2) for name, value in parts.items()},
        room.shortages(workspace.home(), disk, memory, scorer.loaded.device),
        [*survey.notes, *([scorer.attention_note] if scorer.attention_note else [])])


def _scorer(settings: ScoreSettings) -> "Scorer":
    from xtf.scoring.forward import Scorer

    return Scorer(models.load_model(settings), settings.layers)


def _read(scorer: "Scorer", settings: ScoreSettings, survey: Survey, wanted: set[int]
          ) -> tuple[dict[int, tuple[Example, Tokens]], int]:
    """The examples at the wanted positions, and how many token types the whole data is expected to have."""
    found, counts, seen = {}, [], np.zeros(len(scorer.loaded.tokenizer), bool)
    stream = surveying.rendered(settings, scorer.loaded.tokenizer, scorer.loaded.context, Counter())
    for position, item in enumerate(islice(stream, max(probe.REACH, max(wanted) + 1))):
        seen[item[1].ids] = True
        counts.append((len(item[1]), int(seen.sum())))
        if position in wanted:
            found[position] = item
    read = np.cumsum([length for length, _ in counts])
    half = counts[int(np.searchsorted(read, read[-1] / 2))][1]
    types = probe.types_in_all(half, counts[-1][1], int(read[-1]), survey.tokens, len(seen))
    return found, types


def _write(shard: pa.Table) -> tuple[float, float, float]:
    """Seconds for writing a shard, bytes of an empty one, and bytes for each token: written and measured."""
    with tempfile.TemporaryDirectory(dir=_existing_home(), prefix=".probe-") as folder:
        run = Run(Path(folder))
        (run.path / "shards").mkdir()
        started = time.monotonic()
        run.write_shard(0, shard)
        took = time.monotonic() - started
        run.write_shard(1, shard.slice(0, 0))
        full, empty = (sum(path.stat().st_size for path in (run.path / "shards").glob(f"0000{index}.*"))
                       for index in range(2))
    tokens = sum(len(ids) for chunk in shard["ids"].chunks for ids in chunk)
    return took, empty, (full - empty) / tokens


def _existing_home() -> Path:
    workspace.home().mkdir(parents=True, exist_ok=True)
    return workspace.home()


def _compare(scorer: "Scorer", survey: Survey, types: int) -> float:
    """Seconds for comparing all token types with the domain, from two small numbers of them."""
    words = [scorer.loaded.tokenizer(word, add_special_tokens=False).input_ids for word in survey.domain_words]
    few, many = 8, min(types, _TYPES)

    def took(number: int) -> float:
        started = time.monotonic()
        scorer.type_similarities(np.arange(number, dtype=np.int32), np.ones(number, np.int64), words)
        return time.monotonic() - started

    base, more = took(few), took(many)
    return base + max(0.0, more - base) / max(1, many - few) * max(0, types - few)
