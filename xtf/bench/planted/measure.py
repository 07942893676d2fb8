"""From scored runs with planted noise to figures: which tokens are planted, and how well each candidate finds them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xtf.bench.planted import ranking
from xtf.bench.planted.candidates import Candidates
from xtf.bench.planted.kinds import AMONG_DIGITS, ANY, COLUMNS, KINDS, TARGETS
from xtf.bench.planted.plant import Span
from xtf.bench.planted.ranking import METRICS
from xtf.bench.planted.result import ALL, Cell, Drop
from xtf.evaluation import statistics
from xtf.store import ScoreTable

CLEAN, OUTSIDE = 0, -1
_NUMBER = {name: number for number, name in enumerate(KINDS, 1)}


@dataclass(frozen=True)
class Measured:
    """One scored data set. kinds: int8[M], of each token OUTSIDE (not trained, or of an example whose answer was not
    found), CLEAN or the number of its kind; digits: bool[M], of tokens with a digit; example: int64[M]; lost: examples
    that are left out."""

    name: str
    kinds: np.ndarray
    digits: np.ndarray
    example: np.ndarray
    examples: int
    lost: int
    found: Candidates


def measured(name: str, table: ScoreTable, planted: Mapping[str, tuple[str, list[Span]]], found: Candidates
             ) -> Measured:
    """planted: of each example's id the answer and what was planted in it."""
    kinds, lost = np.full(int(table.offsets[-1]), OUTSIDE, np.int8), 0
    digits = np.zeros(len(kinds), bool)
    for index in range(len(table)):
        one = table.example(index)
        answer, spans = planted[one.id]
        at = beginning(one.text, answer)
        lost += at < 0
        if at >= 0:
            here = slice(table.offsets[index], table.offsets[index + 1])
            kinds[here] = np.where(one.trainable, kinds_of(one.spans - at, spans), OUTSIDE)
            digits[here] = _with_digit(one.text, one.spans)
    example = np.repeat(np.arange(len(table)), np.diff(table.offsets))
    return Measured(name, kinds, digits, example, len(table), lost, found)


def beginning(text: str, answer: str) -> int:
    """Where an answer begins in a rendered text, whatever the template has done to the blanks around it; -1 if it is
    not there."""
    plain = answer.strip()
    at = text.rfind(plain)
    return at - answer.index(plain) if at >= 0 else -1


def kinds_of(places: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    """int8[T]: a token is planted if it shares a character with a plant. places: int[T, 2], characters of the
    answer."""
    kinds, (starts, ends) = np.full(len(places), CLEAN, np.int8), places.T
    for span in spans:
        kinds[(starts < ends) & (starts < span.end) & (ends > span.start)] = _NUMBER[span.kind]
    return kinds


def _with_digit(text: str, spans: np.ndarray) -> np.ndarray:
    """bool[T]: which tokens hold a digit. spans: int[T, 2], characters."""
    so_far = np.cumsum([0, *(sign.isdecimal() for sign in text)])
    return so_far[spans[:, 1]] > so_far[spans[:, 0]]


def counts(one: Measured) -> dict[str, int]:
    """Planted tokens by kind."""
    return {name: int((one.kinds == number).sum()) for name, number in _NUMBER.items()}


def cells(sets: Sequence[Measured]) -> Iterator[Cell]:
    """Every signal against every kind, in each data set and in the mean of those that have the signal."""
    for name in dict.fromkeys(signal.name for one in sets for signal in one.found.signals):
        for kind in COLUMNS:
            made = {one.name: drawn for one in sets if (drawn := _drawn(one, name, kind))}
            for data, (chance, draws, examples) in made.items():
                yield Cell(data, name, kind, chance, {metric: ranking.estimate([draws[metric]], examples)
                                                      for metric in METRICS})
            if len(sets) > 1 and made:
                yield Cell(ALL, name, kind, float(np.mean([chance for chance, _, _ in made.values()])), {
                    metric: ranking.estimate([draws[metric] for _, draws, _ in made.values()],
                                             sum(examples for _, _, examples in made.values())) for metric in METRICS})


def _drawn(one: Measured, signal: str, kind: str) -> tuple[float, dict[str, np.ndarray], int] | None:
    """Chance, `ranking.drawn` and examples of one signal against one kind: among the clean tokens and those of that
    kind, as far as they have the signal. None where it has none, or nothing of that kind is there."""
    noise = next((found.noise for found in one.found.signals if found.name == signal), None)
    if noise is None:
        return None
    counted = _counted(one, kind) & ~np.isnan(noise)
    positive = one.kinds[counted] > CLEAN
    if not positive.any() or positive.all():
        return None
    found = ranking.levels(noise[counted], positive, one.example[counted], one.examples)
    return float(positive.mean()), ranking.drawn(found), one.examples


def _counted(one: Measured, kind: str) -> np.ndarray:
    """bool[M]: the clean tokens, and those of a kind."""
    if kind == ANY:
        return one.kinds >= CLEAN
    if kind == AMONG_DIGITS:
        return ((one.kinds == CLEAN) & one.digits) | (one.kinds == _NUMBER["wrong_digit"])
    return (one.kinds == CLEAN) | (one.kinds == _NUMBER[kind])


def drops(sets: Sequence[Measured]) -> Iterator[Drop]:
    """Every filter in each data set, and in those together that have it."""
    for name in dict.fromkeys(decision.name for one in sets for decision in one.found.decisions):
        having = [(one, found.dropped) for one in sets for found in one.found.decisions if found.name == name]
        for one, dropped in having:
            yield _drop(one.name, name, [(one, dropped)])
        if len(sets) > 1:
            yield _drop(ALL, name, having)


def _drop(data: str, name: str, having: Sequence[tuple[Measured, np.ndarray]]) -> Drop:
    """Ratios over examples, each with all its tokens."""
    def total(of: str, only_dropped: bool) -> np.ndarray:
        return np.concatenate([np.bincount(one.example, _are(one, of) & (dropped | (not only_dropped)), one.examples)
                               for one, dropped in having])

    tokens, planted = total("tokens", False), total(ANY, False)
    dropped = total("tokens", True)
    recall = {kind: statistics.ratio(total(kind, True), total(kind, False)) for kind in TARGETS}
    return Drop(data, name, float(dropped.sum() / max(1, tokens.sum())), float(planted.sum() / max(1, tokens.sum())),
                statistics.ratio(total(ANY, True), dropped), recall)


def _are(one: Measured, of: str) -> np.ndarray:
    """bool[M]: all tokens that count, the planted ones, or those of a kind."""
    if of == "tokens":
        return one.kinds >= CLEAN
    return one.kinds > CLEAN if of == ANY else one.kinds == _NUMBER[of]
