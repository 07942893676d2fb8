"""The loss of a model on the response tokens of a held-out run, through the scorer that made the run."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from xtf.data.types import Example, Tokens
from xtf.engine.window import Budget, score_window
from xtf.errors import EvaluationError
from xtf.models import LoadedModel
from xtf.progress import HELD_OUT_LOSS, Progress
from xtf.runs import Run

if TYPE_CHECKING:
    from xtf.scoring.forward import Scorer

_WINDOW = 256  # examples whose columns are held at once


def logprobs(loaded: LoadedModel, held_out: Run, examples: Sequence[int], progress: Progress) -> np.ndarray:
    """float32[M'], nats: the log-probability that the model gives each token of these examples (their places in the
    run), NaN where it is no response token. For the run's own model they are those of the run. `progress` counts
    examples.

    The model's weights stay packed afterwards, for speed: it can answer, but not be trained or saved. Raises:
    ModelError; StoreError.
    """
    table = held_out.table()
    rows = (_tokens(table.example(index)) for index in examples)
    return of_tokens(loaded, rows, len(examples), int(held_out.manifest.settings["batch_tokens"]), progress)


def of_tokens(loaded: LoadedModel, rows: Iterable[tuple[Example, Tokens]], count: int, batch_tokens: int,
              progress: Progress) -> np.ndarray:
    """The same of any `count` rows, in batches of so many padded tokens."""
    from xtf.scoring.forward import Scorer  # torch is slow to import

    budget, found, done, left = Budget(batch_tokens), [], 0, iter(rows)
    with _own_attention(loaded.model):
        scorer = Scorer(loaded)
        while window := list(itertools.islice(left, _WINDOW)):
            found += _scored(scorer, window, budget, partial(_tell, progress, done, count))
            done += len(window)
    return np.concatenate(found)


def vocabulary(loaded: LoadedModel) -> int:
    """How many tokens the model knows: those with lower ids."""
    return int(loaded.model.get_input_embeddings().weight.shape[0])


def check(loaded: LoadedModel, held_out: Run) -> None:
    """Raises: EvaluationError for a model whose vocabulary lacks tokens of the run."""
    greatest = int(held_out.table().ids.max())
    if greatest >= (known := vocabulary(loaded)):
        raise EvaluationError(f"Run {held_out.name} has token {greatest} and the model's vocabulary ends at "
                              f"{known - 1}: score the held-out data with a model of the same tokenizer.")


@contextmanager
def _own_attention(model: Any) -> Iterator[None]:
    """Puts the model's own attention back: the scorer's knows no cache, and a model that kept it would answer
    nonsense."""
    usual = model.config._attn_implementation
    try:
        yield
    finally:
        model.set_attn_implementation(usual)


def _scored(scorer: "Scorer", window: list[tuple[Example, Tokens]], budget: Budget, progress: Callable[[int], None]
            ) -> list[np.ndarray]:
    """The scorer counts tokens and goes from short examples to long ones, which tells how many examples they are."""
    ends = np.cumsum(sorted(len(tokens) for _, tokens in window))
    rows = score_window(scorer, window, budget,
                        lambda tokens: progress(int(np.searchsorted(ends, tokens, side="right"))))
    return [row["logprob"] for row in rows]


def _tell(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total, HELD_OUT_LOSS)


def _tokens(scored: Any) -> tuple[Example, Tokens]:
    return Example(scored.id, ()), Tokens(scored.ids, scored.marks, scored.spans, scored.text)


def sums(logprob: np.ndarray, of: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64[N] nats and int64[N] tokens of each example. logprob float32[M], of bool[M], offsets int64[N+1]."""
    nats = np.concatenate([[0.0], np.cumsum(np.where(of, -logprob.astype(np.float64), 0.0))])
    counts = np.concatenate([[0], np.cumsum(of)])
    return np.diff(nats[offsets]), np.diff(counts[offsets])
