"""Data filtering: whole examples are kept or dropped by how the base model finds them."""

import math
from collections.abc import Callable

import numpy as np

from xtf.added import ALONE
from xtf.choice import Choice
from xtf.config import Ifd, Perplexity
from xtf.explain import percent, told_apart
from xtf.filters import Verdicts
from xtf.ranks import Scores, highest
from xtf.store import ScoreTable


def perplexity(table: ScoreTable, chosen: Perplexity, verdicts: Verdicts) -> Choice:
    """Drops the examples with the highest mean loss over their response tokens."""
    loss = -means(table, table.column("logprob"))
    dropped = highest(loss[::-1], chosen.drop)[::-1]  # of equals the later one goes first
    edge = math.exp(min(loss[dropped].min(initial=np.inf), 700))

    def why(example: int) -> str:
        own = told_apart(math.exp(min(float(loss[example]), 700)), edge)
        side = "is among" if dropped[example] else "is not among"
        return f"perplexity {own} {side} the highest {percent(chosen.drop)} (from {told_apart(edge)} on)"

    return _of_examples(table, dropped, loss.astype(np.float32), False, why)


def ifd(table: ScoreTable, chosen: Ifd, verdicts: Verdicts) -> Choice:
    """Instruction-following difficulty, loss with the prompt by loss without it (Li et al., 2024, "From Quantity to
    Quality", Eq. 4). Above 1 the prompt does not help at all; such examples are dropped, and of the others the lowest
    until the share is reached."""
    alone, given = table.column(ALONE), table.column("logprob")
    both = np.isfinite(alone) & np.isfinite(given)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = means(table, np.where(both, given, np.nan)) / means(table, np.where(both, alone, np.nan))
    useless = ratio > 1
    more = max(0, round(chosen.drop * np.count_nonzero(np.isfinite(ratio))) - int(useless.sum()))
    low = _first(np.where(useless | ~np.isfinite(ratio), np.inf, ratio), more)
    edge = float(ratio[low].max(initial=-np.inf))

    def why(example: int) -> str:
        if not np.isfinite(ratio[example]):
            return "it has no IFD"
        own = f"IFD {told_apart(float(ratio[example]), 1.0)}"
        if useless[example]:
            return f"{own} is above 1, so the prompt does not help to predict the response"
        if low[example]:
            return (f"{own} is among the lowest (up to {told_apart(edge)}), so the prompt all but gives the response "
                    "away")
        return f"{own} is neither above 1 nor among the lowest"

    signal = np.where(useless, -np.inf, ratio).astype(np.float32)  # above 1 is worse than the lowest
    return _of_examples(table, useless | low, signal, True, why)


def means(table: ScoreTable, values: np.ndarray) -> np.ndarray:
    """float64[N]: the mean of float[M] over each example's tokens that have one; NaN where none has."""
    return Scores(values.astype(np.float32, copy=False), table.offsets).means


def _first(values: np.ndarray, count: int) -> np.ndarray:
    """bool[N]: so many of the lowest."""
    chosen = np.zeros(len(values), bool)
    chosen[np.argsort(values, kind="stable")[:count]] = True
    return chosen


def _of_examples(table: ScoreTable, dropped: np.ndarray, signal: np.ndarray, higher_is_kept: bool,
                 why: Callable[[int], str]) -> Choice:
    """dropped bool[N], signal float32[N]; why: the reason for an example's verdict."""
    lengths = np.diff(table.offsets)
    spread = np.where(table.trainable, np.repeat(signal, lengths), np.float32(np.nan))

    def of_token(token: int) -> str:
        example = table.example_at(token)
        return f"its whole example is, since {why(example)}"

    return Choice(table.trainable & ~np.repeat(dropped, lengths), of_token, spread, higher_is_kept,
                  dropped_examples=dropped, why_example=why)
