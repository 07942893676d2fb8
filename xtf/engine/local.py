"""Scoring in this process: `for shard in missing(run): write(shard, score(shard))`.

Resume, cancel and (later) scale-out rest on that line: a shard depends on its examples, the model and the settings
only, so a killed run that is started again ends as the uninterrupted one would have, bit for bit.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from xtf import devices, models, runs, workspace
from xtf.config import ScoreSettings
from xtf.data import formats
from xtf.engine import identity, reuse, room
from xtf.engine import survey as surveying
from xtf.engine.checkpoint import checkpoints
from xtf.engine.survey import Survey
from xtf.engine.token_types import TypeCounts
from xtf.engine.window import Budget, score_window, shard_table
from xtf.errors import XtfError
from xtf.progress import READING, RESUMING, SCORING, Progress, Say, quiet, silent
from xtf.runs import Run
from xtf.store import Manifest

if TYPE_CHECKING:
    from xtf.scoring.forward import Scorer


def score(settings: ScoreSettings, name: str | None = None, progress: Progress = silent, say: Say = quiet) -> Manifest:
    """Scores a dataset into the workspace, resuming what is there already; what is finished is returned at once, even
    if it goes by another name (`reuse.find`).

    `name` is made from data and model if not given; `say` is told how much there is to do. Raises: XtfError; a run that
    has no finished shard is then gone, one that has some can be resumed and browsed.
    """
    progress(0, 0, READING)
    if found := reuse.finished(settings, name):
        return found
    check_data(settings, progress)
    asked = identity.asked(settings, name or identity.default_name(settings))
    runs.refuse_other(asked)
    settings = settings.model_copy(update={
        "dtype": devices.dtype_of(settings), "device": devices.pick_device(settings.device)})
    tokenizer, config = models.load_tokenizer(settings), models.load_config(settings)
    survey = surveying.survey(settings, tokenizer, models.context_length(config), progress)
    asked = replace(asked, settings=identity.anywhere(settings).model_dump(), notes=survey.notes,
                    counts=_counts(survey), data=asked.data | {
                        "format": survey.format, "domain": survey.domain, "domain_words": list(survey.domain_words)})
    run = runs.begin(asked)
    with run.locked():
        if run.complete and reuse.trusted(run):  # finished by another process while this one read the data
            return run.manifest
        try:
            run.tidy()
            _tell_size(run, settings, survey, say)
            return _score(run, settings, replace(asked, created=run.manifest.created), progress)
        except (XtfError, KeyboardInterrupt):
            run.discard_if_empty()
            raise


def check_data(settings: ScoreSettings, progress: Progress) -> None:
    """A look at the data's first rows: what is missing or of no known format is told before a model is touched.
    Raises: DataError."""
    formats.format_of(settings)
    if settings.model == models.EMBEDDED and not models.embedded_ready():
        progress(0, 0, "preparing the embedded model, once")


def _counts(found: Survey) -> dict[str, int]:
    return {"examples": len(found.lengths), "tokens": found.tokens, "trainable": found.trainable, **found.tally}


def _tell_size(run: Run, settings: ScoreSettings, survey: Survey, say: Say) -> None:
    """How much there is, how much of it is done, and whether there seems to be room for the rest."""
    say(f"{len(survey.lengths):,} examples, {survey.tokens:,} tokens ({survey.trainable:,} of responses).")
    known = run.partial
    if known:
        say(f"Resuming: {known.examples:,} examples are scored already.")
    done = known.bytes if known else 0
    for sentence in room.shortages(workspace.home(), disk=room.expected_bytes(survey.tokens) - done,
                                   memory=room.weight_bytes(settings), device=settings.device):
        say(sentence)


def _score(run: Run, settings: ScoreSettings, asked: Manifest, progress: Progress) -> Manifest:
    """Scores the missing shards, then what needs the whole dataset: similarities of token types, and the manifest."""
    from xtf.scoring.forward import Scorer  # torch is slow to import, and all faults above do without it

    total = asked.counts["tokens"]
    progress(0, total, "loading model")
    loaded = models.load_model(settings)
    scorer = Scorer(loaded, settings.layers)
    started = time.monotonic()
    counts = TypeCounts(loaded.tokenizer, asked.data["domain_words"])
    _shards(run, settings, scorer, counts, lambda done, stage: progress(done, total, stage))
    progress(total, total, "comparing token types")
    types = counts.table(scorer.type_similarities)
    notes = [*asked.notes, *([scorer.attention_note] if scorer.attention_note else [])]
    manifest = replace(asked, complete=True, notes=notes, seconds=round(time.monotonic() - started, 2),
                       counts=asked.counts | {"token_types": types.num_rows},
                       data=asked.data | {"types": reuse.types_digest(types)},
                       model=asked.model | {"architecture": loaded.architecture, "context": loaded.context})
    run.finish(types, manifest)
    reuse.trust(run)
    return manifest


def _shards(run: Run, settings: ScoreSettings, scorer: "Scorer", counts: TypeCounts,
            progress: Callable[[int, str], None]) -> None:
    """Makes every shard whole and counts its token types. What is whole when this is interrupted can be browsed."""
    loaded, done = scorer.loaded, 0
    checkpoint, budget = checkpoints(run, counts, scorer), Budget(settings.batch_tokens)
    stream = surveying.rendered(settings, loaded.tokenizer, loaded.context, Counter())
    try:
        for index, window in enumerate(surveying.windows(stream)):
            stage = RESUMING if run.has_shard(index) else SCORING
            if stage == SCORING:
                told = partial(_tell, progress, done)
                run.write_shard(index, shard_table(score_window(scorer, window, budget, told)))
            counts.add(run.shard(index))
            done += sum(len(tokens) for _, tokens in window)
            progress(done, stage)
            checkpoint()
    except KeyboardInterrupt:
        checkpoint(now=True)
        raise


def _tell(progress: Callable[[int, str], None], done: int, more: int) -> None:
    progress(done + more, SCORING)
