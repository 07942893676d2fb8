"""A sentence of one's own, scored as the run was: same model, template and settings, through the same scorer."""

from collections import Counter
from typing import Any

from xtf import models, sentences
from xtf.config import ScoreSettings
from xtf.data import formats, render
from xtf.data.types import Example, Message, Tokens
from xtf.engine import again
from xtf.engine.alternatives import likeliest
from xtf.engine.window import Budget, score_window, shard_table
from xtf.errors import DataError
from xtf.progress import SCORING, Progress, silent
from xtf.runs import Run
from xtf.sentences import Sentence


def score(run: Run, prompt: str, response: str, progress: Progress = silent) -> Sentence:
    """Scores a prompt and a response with the model of `run` and keeps what comes of it. Takes seconds.

    Raises: XtfError; DataError where the texts are too long for the model or leave nothing to score.
    """
    progress(0, 0, "loading model")
    chosen = again.settings_of(run.manifest)
    tokenizer = models.load_tokenizer(chosen)
    example = _example(prompt, response)
    tokens = _tokens(example, tokenizer, chosen)
    progress(0, len(tokens), "loading model")
    scorer = again.scorer_of(chosen)
    rows = score_window(scorer, [(example, tokens)], Budget(chosen.batch_tokens),
                        lambda done: progress(done, len(tokens), SCORING))
    found = Sentence(run.manifest.run_id, prompt, response, shard_table(rows), likeliest(scorer, tokens, progress),
                     {id_: tokenizer.decode([id_]) for id_ in sorted(set(tokens.ids.tolist()))})
    sentences.keep(found)
    return found


def _example(prompt: str, response: str) -> Example:
    """As the data's formats make one."""
    tally: Counter[str] = Counter()
    return Example(sentences.EXAMPLE, (Message("user", formats.clean(prompt, tally)),
                                       Message("assistant", formats.clean(response, tally))))


def _tokens(example: Example, tokenizer: Any, chosen: ScoreSettings) -> Tokens:
    """Raises: DataError for texts that cannot be scored."""
    context = models.context_length(models.load_config(chosen))
    tally: Counter[str] = Counter()
    rendering = chosen.model_copy(update={"too_long": "skip", "empty": "skip"})
    tokens = render.renderer(tokenizer, rendering, context, tally)(example)
    if tokens is None and tally["skipped_too_long"]:
        limit = min(filter(None, (chosen.max_length, context)))
        raise DataError(f"Prompt and response together are longer than the {limit:,} tokens that the model takes: "
                        "shorten them.")
    if tokens is None:
        raise DataError("The response has no token that could be scored: write one.")
    return tokens
