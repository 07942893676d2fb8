"""Which examples a report shows, and how: as data for the token view, and as plain text with marks."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from xtf import alternatives, explain
from xtf.columns import Mark
from xtf.config import ATTRIBUTES
from xtf.figures import tokens
from xtf.filters import BIT, BY_HAND, BY_STRATEGY, Verdicts
from xtf.report.text import line, tame
from xtf.runs import Run
from xtf.store import ScoredExample, ScoreTable
from xtf.words import SHORT, count, percent, visible

LONGEST = 1_500  # tokens: longer examples are shown only where their group has no shorter one
_SEED = 0


class Piece(NamedTuple):
    """A stretch of text with one fate. kind: context (not trained), kept or dropped; why: RI, KN, TR, hand."""

    kind: str
    text: str
    why: str


class Sample(NamedTuple):
    """One example as the report shows it."""

    number: int
    id: str
    position: int
    kept: int
    trainable: int
    share: float
    sentence: str
    pieces: list[Piece]
    payload: dict[str, Any]

    @property
    def kept_words(self) -> str:
        """How much of it is kept, to read."""
        return f"{percent(self.share)} of {count(self.trainable)} response tokens"


def chosen(by_example: pd.DataFrame, count: int) -> list[int]:
    """Positions of up to `count` examples, from the least kept share to the highest.

    Examples with response tokens, ordered by kept share, are cut into `count` equal groups; one is drawn from each, the
    same ones every time. `by_example` is `stats.by_example`'s.
    """
    able = by_example[by_example["trainable"] > 0].sort_values("kept_share", kind="stable")
    order, lengths = able["index"].to_numpy(), able["tokens"].to_numpy()
    draw = np.random.default_rng(_SEED)
    picked = []
    for group in np.array_split(np.arange(len(order)), min(count, len(order))) if len(order) and count else []:
        short = group[lengths[group] <= LONGEST]
        place = draw.choice(short) if len(short) else group[np.argmin(lengths[group])]
        picked.append(int(order[place]))
    return picked


def sample(run: Run, table: ScoreTable, verdicts: Verdicts, index: int, number: int) -> Sample:
    """Everything about one example that is shown; what else the model would have said where a job has found it."""
    example = table.example(index)
    here = slice(int(table.offsets[index]), int(table.offsets[index + 1]))
    kept, trainable = int(verdicts.keep[here].sum()), int(example.trainable.sum())
    return Sample(number, line(example.id, 80), index, kept, trainable, kept / max(trainable, 1),
                  explain.summary_sentence(table, verdicts, index),
                  list(pieces(example, verdicts.bits[here])),
                  tokens.payload(example, verdicts, table, alternatives=alternatives.cached(run, index)))


def pieces(example: ScoredExample, bits: np.ndarray) -> Iterator[Piece]:
    """The example's text in order, cut where the fate of its tokens changes. bits uint8[T] as in `Verdicts`."""
    texts, gaps, _ = tokens.cut(example.text, example.spans)
    parts = [Piece("context", gaps[0], "")] if 0 in gaps else []
    for t, text in enumerate(texts):
        parts.append(Piece(*_fate(int(example.marks[t]), int(bits[t]), text)))
        if t + 1 in gaps:
            parts.append(Piece("context", gaps[t + 1], ""))
    for (kind, why), run in groupby(parts, key=lambda piece: (piece.kind, piece.why)):
        text = "".join(piece.text for piece in run)
        if text:
            yield Piece(kind, _seen(text) if kind == "dropped" else tame(text), why)


def _fate(mark: int, bits: int, text: str) -> tuple[str, str, str]:
    if not mark & Mark.RESPONSE:
        return "context", text, ""
    reasons = [SHORT[name] for name in ATTRIBUTES if bits & BIT[name]] + [
        words for words, bit in (("hand", BY_HAND), ("strategy", BY_STRATEGY)) if bits & bit]
    return ("dropped", text, " ".join(reasons)) if bits else ("kept", text, "")


def _seen(text: str) -> str:
    """Blanks alone as signs: nobody sees that a blank is struck through."""
    if text.strip(" \n\t"):
        return tame(text)
    return visible(text).replace("⏎", "⏎\n")
