"""Other numbers for a worked problem: those of the question that its calculations use are drawn anew, every calculation
`<<48/2=24>>` is made again exactly, and each old value is exchanged for its new one in question and answer alike.

A problem is taken up only where every number of the answer is accounted for: it stands in the question, is an earlier
result, or is what words mean (`half`, a week's days). Whatever may mean two things stays as it is.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from xtf.data.arithmetic import CALCULATION, NUMERAL, Expression, calculations, decimals, final, right, value, written
from xtf.data.quantities import Quantities, quantities

TRIES = 120  # half of them change every number that may change, the others some
_STEPS = [*map(Fraction, (1000, 500, 100, 50, 25, 10, 5, 2, 1)), *(Fraction(1, parts) for parts in (
    2, 4, 10, 20, 100, 1000, 10_000))]
_LOOKS = 40
_FEWEST_STEPS = 4  # a drawn number is as round as the old one, so far as that leaves a choice
_NOUGHT_AND_ONE, _TWO = frozenset({Fraction(0), Fraction(1)}), Fraction(2)  # 2 is said in too many ways to be drawn


@dataclass(frozen=True)
class Problem:
    """A worked problem whose numbers are all accounted for."""

    question: str
    answer: str
    steps: tuple[tuple[Expression, Fraction], ...]  # calculations, with their results
    asked: Quantities  # of the question
    free: tuple[Fraction, ...]  # values of the question that can be drawn anew, ascending
    fixed: frozenset[Fraction]  # values that must stay


def substituted(question: str, answer: str, source: random.Random) -> tuple[str, str] | str:
    """Question and answer with other numbers, or the reason (a key of `augment.REASONS`) why there are none."""
    problem = accounted(question, answer)
    if isinstance(problem, str):
        return problem
    failures: Counter[str] = Counter()
    for attempt in range(TRIES):
        mapping = _mapping(problem, _drawn(problem, source, some=attempt >= TRIES // 2))
        if isinstance(mapping, str):
            failures[mapping] += 1
            continue
        pair = _exchanged(question, mapping), _exchanged(answer, mapping)
        if holds(pair[1]) and pair[0] != question:
            return pair
    return failures.most_common(1)[0][0] if failures else "unsound"


def holds(answer: str) -> bool:
    """Whether every calculation of an answer is exactly right, and the last one's result its final answer."""
    steps = list(calculations(answer))
    return bool(steps) and right(answer) and steps[-1] is not None and final(answer) == steps[-1][1]


def accounted(question: str, answer: str) -> Problem | str:
    """The problem, if it can be taken up; else the reason why not."""
    steps = [step for step in calculations(answer) if step is not None]
    if len(steps) < answer.count("<<") or not right(answer):
        return "inexact"
    if not holds(answer):
        return "final"
    if any(result <= 0 for _, result in steps):
        return "unsound"
    if not _leads_on(steps):
        return "aside"
    asked, told = quantities(question), quantities(CALCULATION.sub("", answer))
    constants = _constants(steps, asked, told)
    if constants is None:
        return "unknown"
    uses = Counter(value(operand) for expression, _ in steps for operand in expression.operands)
    held = constants.union(told.pinned, asked.pinned, asked.held, asked.words, told.words, _NOUGHT_AND_ONE)
    implied = asked.implied | told.implied
    held |= {number for number in asked.counts if number in implied and uses[number] > asked.counts[number]}
    free = sorted(number for number in asked.counts if uses[number] and number not in held | {_TWO})
    held |= {result for _, result in steps if result in implied and uses[result] > 1 and result not in free}
    if not free:
        return "fixed"
    return Problem(question, answer, tuple(steps), asked, tuple(free), frozenset(held | asked.counts.keys() - {*free}))


def _leads_on(steps: Sequence[tuple[Expression, Fraction]]) -> bool:
    """Whether every result is used on the way to the last one. Where one is not, something was compared or chosen, and
    other numbers might choose otherwise."""
    needed = {steps[-1][1]}
    for expression, result in reversed(steps):
        if result not in needed:
            return False
        needed |= set(map(value, expression.operands))
    return True


def _constants(steps: Iterable[tuple[Expression, Fraction]], asked: Quantities, told: Quantities
               ) -> set[Fraction] | None:
    """The numbers of an answer that are neither the question's nor results, all of them meant by words, with the per
    cents and fractions they come from; None where one is meant by nothing."""
    known = set(asked.counts)
    meant = asked.implied | told.implied | asked.words | told.words | _NOUGHT_AND_ONE | {_TWO}
    constants: set[Fraction] = set()
    uses: list[Fraction] = []
    for expression, result in steps:
        uses += [number for number in map(value, expression.operands) if number not in known]
        known.add(result)
    uses += [number for number in told.counts if number not in known]
    for number in uses:
        if number not in meant and number not in asked.forms:
            return None
        constants |= {number, *asked.forms.get(number, ())}
    return constants


def _drawn(problem: Problem, source: random.Random, some: bool) -> dict[Fraction, Fraction]:
    """New values for the free ones, or for some of them."""
    chosen = source.sample(problem.free, source.randint(1, len(problem.free))) if some else problem.free
    return {number: _other(number, problem.asked.most.get(number), source) for number in sorted(chosen)}


def _other(number: Fraction, most: Fraction | None, source: random.Random) -> Fraction:
    """A number between half and seven quarters of the old one and about as round, above 1 if that is, at most `most`;
    the old one where there is no other."""
    steps = [step for step in _STEPS if (number / step).denominator == 1]
    step = next((step for step in steps if number / step >= _FEWEST_STEPS), steps[-1])
    if number.denominator == 1:
        step = max(step, Fraction(1))
    counts = range(max(1, -(-number // (2 * step))), number * 7 // (4 * step) + 1)
    others = (step * count for count in source.sample(counts, min(len(counts), _LOOKS)))
    return next((other for other in others if other != number and (other > 1) == (number > 1)
                 and (most is None or other <= most)), number)


def _mapping(problem: Problem, drawn: Mapping[Fraction, Fraction]) -> dict[Fraction, Fraction] | str:
    """Old value → new value for all numbers of a problem, or the reason why these draws will not do."""
    mapping = {number: number for number in (*problem.fixed, *problem.free)} | dict(drawn)
    asked = [mapping[number] for number in sorted(problem.asked.counts)]
    if any(left >= right_ for left, right_ in pairwise(asked)):
        return "unsound"
    for expression, result in problem.steps:
        new = expression.evaluate(lambda numeral: mapping[value(numeral)])
        if new is None or not _sound(result, new):
            return "unsound"
        if mapping.setdefault(result, new) != new:
            return "ambiguous"
    return mapping


def _sound(old: Fraction, new: Fraction) -> bool:
    """Whether a result is of the old one's kind: whole if that was, positive, above or below 1 alike, and not one,
    which would ask for a singular, unless that was."""
    places = decimals(new)
    return (new > 0 and places is not None and places <= (0 if old.denominator == 1 else max(2, decimals(old) or 0))
            and (new > 1) == (old > 1) and (new == 1) == (old == 1))


def _exchanged(text: str, mapping: Mapping[Fraction, Fraction]) -> str:
    def other(numeral: str) -> str:
        old = value(numeral)
        new = mapping.get(old, old)
        return numeral if new == old else written(new, numeral)

    return NUMERAL.sub(lambda found: other(found[0]), text)
