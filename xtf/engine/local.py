"""Scoring in this process: `for shard in missing(run): write(shard, score(shard))`.

Resume, cancel and (later) scale-out rest on that line: a shard depends on its examples, the model and the settings
only, so a killed run that is started again ends as the uninterrupted one would have, bit for bit.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import xtf
from xtf import models, runs, workspace
from xtf.config import ScoreSettings
from xtf.data import formats, render, sources
from xtf.engine import survey as surveying
from xtf.engine import token_types
from xtf.engine.survey import Survey
from xtf.engine.window import score_window, shard_table
from xtf.errors import XtfError
from xtf.progress import Progress, silent
from xtf.runs import Run
from xtf.store import Manifest


def score(settings: ScoreSettings, name: str | None = None, progress: Progress = silent) -> Manifest:
    """Scores a dataset into the workspace, resuming what is there already; a finished run is returned at once.

    `name` is made from data and model if not given. Raises: XtfError; a run that has no finished shard is then gone,
    one that has some can be resumed.
    """
    workspace.checked_name(name := name or default_name(settings))
    data_digest = check_data(settings, progress)
    settings = _resolved(settings)
    tokenizer, config = models.load_tokenizer(settings), models.load_config(settings)
    asked = _asked(settings, name, data_digest, tokenizer, config)
    if finished := runs.find_finished(asked):
        return finished
    found = surveying.survey(settings, tokenizer, models.context_length(config), progress)
    asked = replace(asked, notes=found.notes, counts=_counts(found), data=asked.data | {
        "format": found.format, "domain": found.domain, "domain_words": list(found.domain_words)})
    run = runs.begin(asked)
    with run.locked():
        try:
            return _score(run, settings, asked, progress)
        except XtfError:
            run.discard_if_empty()
            raise


def check_data(settings: ScoreSettings, progress: Progress) -> str:
    """The data's digest, after a look at its first rows: what is missing or of no known format is told before a model
    is touched. Raises: DataError."""
    progress(0, 0, "reading data")
    digest = sources.digest(settings)
    formats.format_of(settings)
    if settings.model == models.EMBEDDED and not models.embedded_ready():
        progress(0, 0, "preparing the embedded model, once")
    return digest


def default_name(settings: ScoreSettings) -> str:
    """A run's name from its data and model: `gsm8k_train-SmolLM2-135M-Instruct`."""
    data = Path(settings.data).name.split(".")[0] or "data"
    model = Path(models.display_name(settings)).name.removesuffix(".gguf")
    return re.sub(r"[^\w.\-]+", "-", f"{data}-{model}")[:80].strip("-.") or "run"


def _resolved(settings: ScoreSettings) -> ScoreSettings:
    """Settings with device and number format decided, so that the manifest tells what was used."""
    device = models.pick_device(settings.device)
    dtype = settings.dtype if settings.dtype != "auto" else models.pick_dtype(device)
    return settings.model_copy(update={"device": device, "dtype": dtype})


def _asked(settings: ScoreSettings, name: str, data: str, tokenizer: Any, config: Any) -> Manifest:
    """The manifest of a run before anything is scored. Its id does not depend on the device or the run's name."""
    weights = models.weights_digest(settings, config)
    parts = {"settings": settings.model_dump(exclude={"device"}), "data": data, "weights": weights,
             "tokenizer": models.tokenizer_digest(tokenizer), "template": render.template_of(tokenizer, settings),
             "version": xtf.__version__}
    return Manifest(
        name=name, run_id=runs.identity(parts), settings=settings.model_dump(), data={"digest": data},
        model={"name": models.display_name(settings), "digest": weights, "tokenizer": parts["tokenizer"]},
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"), version=xtf.__version__)


def _counts(found: Survey) -> dict[str, int]:
    return {"examples": len(found.lengths), "tokens": found.tokens, "trainable": found.trainable, **found.tally}


def _score(run: Run, settings: ScoreSettings, asked: Manifest, progress: Progress) -> Manifest:
    """Scores the missing shards, then what needs the whole dataset: similarities of token types, and the manifest."""
    from xtf.scoring.forward import Scorer  # torch is slow to import, and all faults above do without it

    total = asked.counts["tokens"]
    progress(0, total, "loading model")
    loaded = models.load_model(settings)
    scorer = Scorer(loaded, settings.layers)
    started, done = time.monotonic(), 0
    stream = surveying.rendered(settings, loaded.tokenizer, loaded.context, Counter())
    for index, window in enumerate(surveying.windows(stream)):
        tokens = sum(len(tokens) for _, tokens in window)
        if run.has_shard(index):
            progress(done + tokens, total, "resuming")
        else:
            told = _offset(progress, done, total)
            run.write_shard(index, shard_table(score_window(scorer, window, settings.batch_tokens, told)))
        done += tokens
    progress(total, total, "comparing token types")
    types = token_types.table(run.shards(), loaded.tokenizer, scorer.type_similarities,
                              asked.data["domain_words"])
    notes = [*asked.notes, *([scorer.attention_note] if scorer.attention_note else [])]
    manifest = replace(asked, complete=True, notes=notes, seconds=round(time.monotonic() - started, 2),
                       counts=asked.counts | {"token_types": types.num_rows},
                       model=asked.model | {"architecture": loaded.architecture, "context": loaded.context})
    run.finish(types, manifest)
    return manifest


def _offset(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    return lambda more: progress(done + more, total, "scoring")
