"""Verdicts in sentences. Every sentence is read off the same bits and limits that colour, count and export."""

from collections.abc import Callable
from typing import Any

import numpy as np

from xtf.columns import Mark
from xtf.config import ATTRIBUTES, Cutoff, Fence, Otsu, Quantile
from xtf.filters import BIT, BY_HAND, BY_STRATEGY, NEEDED, Attribute, Verdicts
from xtf.overrides import KEEPS, Hand
from xtf.store import ScoreTable

_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four"}
_REASONS = {"the model already knows": BIT["novelty"], "off-topic": BIT["relevance"], "unattended": BIT["reasoning"],
            "dropped by hand": BY_HAND, "dropped by the strategy": BY_STRATEGY}
_DIGITS = 15  # beyond these a float64 has no more to show
_TINY = 1e-5


def sentence(table: ScoreTable, verdicts: Verdicts, token: int) -> str:
    """Why token `token` (position in the flat arrays) is kept, dropped or not trained.

    "Dropped: the base model already gives it 99.1 %, above the 95 % cutoff."
    """
    if not table.trainable[token]:
        return f"Not trained: {_role(int(table.marks[token]))}."
    if verdicts.choice is not None:
        return _chosen(verdicts, token)
    example = table.example_at(token)
    reasons = [_reason(verdicts, name, token, example) for name in ATTRIBUTES if verdicts.failed[token] & BIT[name]]
    hand, bits = Hand(int(verdicts.hand[token])), int(verdicts.bits[token])
    if verdicts.protected[token]:
        return f"Kept although {' and '.join(reasons)}, because {_protection(verdicts, int(table.marks[token]), hand)}."
    if bits & BY_HAND:
        others = f"; besides, {'; '.join(reasons)}" if bits != BY_HAND else ""
        return f"Dropped by hand: {_BY_HAND[hand]}{others}."
    if bits:
        return f"Dropped: {'; '.join(reasons)}."
    if reasons:
        needed = NEEDED[verdicts.thresholds.combine]
        return (f"Kept: it fails {_NUMBERS[len(reasons)]} of the {_NUMBERS[needed]} attributes that it takes to drop a "
                f"token: {'; '.join(reasons)}.")
    merits = [merit for name in ATTRIBUTES if (merit := _merit(verdicts, name, token, example))]
    return f"Kept: {'; '.join(merits)}." if merits else "Kept: no attribute has a score for it."


def _chosen(verdicts: Verdicts, token: int) -> str:
    """The same where another strategy than XTF's decides."""
    assert verdicts.choice is not None
    why, hand = f"{verdicts.choice.title}: {verdicts.choice.why(token)}", Hand(int(verdicts.hand[token]))
    if verdicts.bits[token] & BY_HAND:
        return f"Dropped by hand: {_BY_HAND[hand]}."
    if verdicts.protected[token]:
        return f"Kept because {_BY_HAND[hand]}, though it would be dropped by {why}."
    return f"{'Kept' if verdicts.keep[token] else 'Dropped'} by {why}."


def summary_sentence(table: ScoreTable, verdicts: Verdicts, example: int) -> str:
    """What becomes of one example: "31 of 112 response tokens are not trained: 24 the model already knows, 9 off-topic,
    2 unattended; 4 for two reasons." """
    mine = slice(table.offsets[example], table.offsets[example + 1])
    bits, total = verdicts.bits[mine], int(table.trainable[mine].sum())
    dropped = int((bits != 0).sum())
    if total == 0:
        return "There are no response tokens."
    choice = verdicts.choice
    if choice and choice.dropped_examples is not None and choice.dropped_examples[example] and dropped == total:
        reason = choice.why_example(example) if choice.why_example else ""
        return f"The whole example is dropped by {choice.title}: {reason}."
    spared = int(verdicts.protected[mine].sum())
    ending = f"; {spared} more {'is' if spared == 1 else 'are'} protected." if spared else "."
    if dropped == 0:
        return f"{'The only response token is' if total == 1 else f'All {total} response tokens are'} trained{ending}"
    reasons = ", ".join(f"{count} {words}" for words, bit in _REASONS.items()
                        if (count := int(((bits & bit) != 0).sum())))
    several = [f"{count} for {_NUMBERS[number]} reasons" for number in (2, 3, 4)
               if (count := int((np.bitwise_count(bits) == number).sum()))]
    return (f"{dropped} of {total} response token{'s' if total > 1 else ''} {'is' if dropped == 1 else 'are'} not "
            f"trained: {'; '.join([reasons, ', '.join(several)] if several else [reasons])}{ending}")


def percent(value: float, *others: float) -> str:
    """A share as a percentage with as many digits as it takes to tell it from the others, from 0 and from 100 %."""
    if 0 < value < _TINY and not any(0 < other < _TINY for other in others):
        return "under 0.001 %"
    return f"{told_apart(value * 100, 0.0, 100.0, *(100 * other for other in others))} %"


def told_apart(value: float, *others: float) -> str:
    """The number in three digits, or as many as it takes for it not to read like one of the others that it is not."""
    for digits in range(3, _DIGITS):
        text = _plain(value, digits)
        if all(other == value or float(text) != float(_plain(other, digits)) for other in others):
            return text
    return _plain(value, _DIGITS)


def _plain(value: float, digits: int) -> str:
    return np.format_float_positional(value, precision=digits, fractional=False, trim="-")


def _role(marks: int) -> str:
    if marks & Mark.PROMPT:
        return "prompt"
    if marks & Mark.SPECIAL:
        return "special token of the template"
    return "part of the template" if not marks & Mark.RESPONSE else "response"


_BY_HAND = {
    Hand.CLASS_KEPT: "its class of tokens is kept by hand", Hand.CLASS_DROPPED: "its class of tokens is never trained",
    Hand.TYPE_KEPT: "its token type is kept by hand", Hand.TYPE_DROPPED: "its token type is never trained",
    Hand.SPAN_KEPT: "this stretch is kept by hand", Hand.SPAN_DROPPED: "this stretch is not to be trained"}


def _protection(verdicts: Verdicts, marks: int, hand: Hand) -> str:
    if KEEPS[hand]:
        return _BY_HAND[hand]
    if verdicts.thresholds.protect_final_answer and marks & Mark.FINAL_ANSWER:
        return "the final answer is protected"
    return "the end-of-turn token is protected"


# Words for each attribute: of a value that fails, of one that does not, and how its numbers are written.

_FAILS = {
    "reasoning": "later tokens hardly look at it: it receives {value}{unit}",
    "novelty": "the base model already gives it {value}",
    "relevance": "it hardly belongs to the task: its relevance is {value}",
}
_PASSES = {
    "reasoning": "it receives {value}{unit}",
    "novelty": "the base model gives it {value}",
    "relevance": "its relevance is {value}",
}


def _reason(verdicts: Verdicts, name: str, token: int, example: int) -> str:
    value, low, high = _numbers(verdicts.attributes[name], token, example)
    return f"{_told(_FAILS, verdicts, name, value, low, high)}, {_limit(verdicts, name, value, low, high)}"


def _merit(verdicts: Verdicts, name: str, token: int, example: int) -> str:
    value, low, high = _numbers(verdicts.attributes[name], token, example)
    if np.isnan(value):
        return ""
    return f"{_told(_PASSES, verdicts, name, value, low, high)} ({_spared(verdicts, name, value, low, high)})"


def _spared(verdicts: Verdicts, name: str, value: float, low: float, high: float) -> str:
    """Why the attribute lets the token pass."""
    edge, rule = (low if name == "novelty" else high), getattr(verdicts.thresholds, name)
    if np.isnan(edge):
        return _idle(verdicts, name)
    inside = (low < value and not value > high) if name == "novelty" else (value < high and not value < low)
    if inside:
        return f"{_limit(verdicts, name, value, low, high)}, but the cap of {percent(rule.cap)} is used up"
    if rule.kind == "otsu":
        return f"dropped cluster: {_range(name, value, low, high)}"
    return f"limit {_written(name, edge, value)}"


def _idle(verdicts: Verdicts, name: str) -> str:
    if getattr(verdicts.thresholds, name).kind == "off":
        return "rule off"
    found = verdicts.attributes[name].informative
    return "not used: uninformative" if found.uninformative else "no limit"


def _numbers(attribute: Attribute, token: int, example: int) -> tuple[float, float, float]:
    low, high = attribute.limits[example if len(attribute.limits) > 1 else 0]
    return float(attribute.values[token]), float(low), float(high)


def _told(words: dict[str, str], verdicts: Verdicts, name: str, value: float, low: float, high: float) -> str:
    limits = [limit for limit in (low, high) if np.isfinite(limit)]
    unit = ""
    if name == "reasoning":
        adjusted = verdicts.thresholds.reasoning_score.endswith("adjusted")
        unit = " × uniform attention" if adjusted else " of the attention"
    return words[name].format(value=_written(name, value, *limits), unit=unit)


def _written(name: str, value: float, *others: float) -> str:
    return percent(value, *others) if name == "novelty" else told_apart(value, *others)


def _limit(verdicts: Verdicts, name: str, value: float, low: float, high: float) -> str:
    """The limit that was crossed, in the words of its rule: "above the 95 % cutoff"."""
    rule = getattr(verdicts.thresholds, name)
    side, edge = ("above", low) if name == "novelty" else ("below", high)
    written = _written(name, edge, value)
    if rule.cap is not None and rule.cap_ties == "published":
        return f"{side} {written}, the limit that rule and cap ({percent(rule.cap)}) set in this response"
    return _LIMITS[rule.kind](rule, name, f"{side} {written}", _range(name, value, low, high))


def _range(name: str, value: float, low: float, high: float) -> str:
    if not np.isfinite(low):
        return f"up to {_written(name, high, value)}"
    return f"{_written(name, low, value)} " + (f"to {_written(name, high, value)}" if np.isfinite(high) else "and more")


def _whose(scope: str) -> str:
    return "this response" if scope == "example" else "all responses"


def _cutoff(rule: Cutoff, name: str, beyond: str, span: str) -> str:
    side, number = beyond.split(" ", 1)
    return f"{side} the {number} cutoff"


def _quantile(rule: Quantile, name: str, beyond: str, span: str) -> str:
    end = "highest" if name == "novelty" else "lowest"
    return f"{beyond}, the limit of the {end} {percent(rule.share)} of {_whose(rule.scope)}"


def _fence(rule: Fence, name: str, beyond: str, span: str) -> str:
    formula = f"Q3 + {rule.k:g} × IQR" if name == "novelty" else f"Q1 - {rule.k:g} × IQR"
    return f"{beyond}, the fence {formula} of {_whose(rule.scope)}"


def _otsu(rule: Otsu, name: str, beyond: str, span: str) -> str:
    rank = {0: "lowest", 1: "second-lowest", 2: "third-lowest"}.get(rule.drop, f"number {rule.drop}")
    rank = "highest" if rule.drop == rule.classes - 1 else rank
    return f"in the {rank} of {rule.classes} clusters{' by novelty' if name == 'novelty' else ''} ({span})"


_LIMITS: dict[str, Callable[[Any, str, str, str], str]] = {
    "cutoff": _cutoff, "quantile": _quantile, "fence": _fence, "otsu": _otsu}
