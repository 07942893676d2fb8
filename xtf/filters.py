"""Thresholds → verdict bits per attribute → keep → labels. One judgement that counts, colours, sentences and exports
all read. Pure NumPy; scores come from the run, and nothing derived here is ever stored with them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from xtf import blocks, overrides, rules
from xtf.choice import Choice
from xtf.columns import TYPE_COLUMNS, Mark
from xtf.config import ATTRIBUTES, RuleSettings, Thresholds
from xtf.errors import SettingsError
from xtf.informative import Informativeness, informativeness
from xtf.ranks import Scores
from xtf.store import ScoreTable

IGNORE = -100  # the label that the loss of PyTorch and transformers passes over
BIT = {name: 1 << k for k, name in enumerate(ATTRIBUTES)}
BY_HAND = 1 << len(ATTRIBUTES)  # the bit of tokens that are dropped by hand, whatever the attributes say
BY_STRATEGY = 2 * BY_HAND  # of those that another strategy than XTF's drops (`xtf.strategies`)
VALUES = 2 * BY_STRATEGY  # of verdict bits
REASONS = {**BIT, "by_hand": BY_HAND, "by_strategy": BY_STRATEGY}
NEEDED = {"any": 1, "two": 2, "all": 3}  # failed attributes that drop a token


@dataclass(frozen=True, eq=False)
class Attribute:
    """One attribute under one set of thresholds. M tokens, N examples."""

    name: str
    scores: Scores
    fails: np.ndarray  # bool[M], before combining and protecting, after the cap
    #: float64[1 or N, 2], in the terms of `values`: low <= v < high fails, for novelty low < p <= high. NaN: no limit
    #: on that side (both: nothing fails). A cap that breaks ties by position spares some tokens within the limits.
    limits: np.ndarray
    informative: Informativeness
    notes: tuple[str, ...] = ()

    @property
    def values(self) -> np.ndarray:
        """float32[M]; novelty as p; NaN where there is none."""
        return self.scores.values


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What becomes of each of M tokens. bits[t] == 0 and trainable[t] is the same as keep[t]."""

    bits: np.ndarray  # uint8[M], bit k = dropped by ATTRIBUTES[k]; then BY_HAND, BY_STRATEGY
    failed: np.ndarray  # uint8[M], the same before combining and protecting
    keep: np.ndarray  # bool[M]: the loss sees the token
    protected: np.ndarray  # bool[M]: would be dropped, but is protected or kept by hand
    hand: np.ndarray  # uint8[M], `overrides.Hand`
    attributes: dict[str, Attribute]
    thresholds: Thresholds
    notes: tuple[str, ...] = ()  # on overrides and the strategy; each attribute has its own
    choice: Choice | None = None  # of another strategy than XTF's; then no attribute drops anything

    def weights(self, here: slice = slice(None)) -> np.ndarray:
        """float32: what the loss of each token of a slice is multiplied by, 0 where it is dropped."""
        if self.choice is None or self.choice.weights is None:
            return self.keep[here].astype(np.float32)
        return np.where(self.keep[here], self.choice.weights[here], np.float32(0))


def judge(table: ScoreTable, thresholds: Thresholds) -> Verdicts:
    """Every token's verdict by the three attributes, whatever the strategy (`xtf.strategies.judge`). Raises:
    SettingsError for a score that the run does not hold or an impossible rule."""
    return combined(table, thresholds, {name: attribute(table, thresholds, name) for name in ATTRIBUTES})


def combined(table: ScoreTable, thresholds: Thresholds, attributes: dict[str, Attribute]) -> Verdicts:
    """The verdicts that follow from attributes already judged."""
    size, decided = int(table.offsets[-1]), overrides.decided(table, thresholds.overrides)
    hand = np.zeros(size, np.uint8) if decided else np.broadcast_to(np.uint8(0), size)
    failed, bits, keep, protected = (np.empty(size, kind) for kind in (np.uint8, np.uint8, np.bool_, np.bool_))

    def combine(first: int, last: int) -> None:
        """Fills in the verdicts of the examples [first, last)."""
        here = slice(table.offsets[first], table.offsets[last])
        dropped = outvoted([found.fails[here] for found in attributes.values()], thresholds)
        if decided:
            hand[here] = decided.among(table, here.start, here.stop) * table.trainable[here]
        shield, by_hand = guarded(table.marks[here], hand[here], thresholds)
        shielded = dropped & shield
        dropped &= ~shielded
        reasons = np.zeros(len(dropped), np.uint8)
        for name, found in attributes.items():
            reasons |= found.fails[here].view(np.uint8) * np.uint8(BIT[name])
        failed[here], protected[here] = reasons, shielded
        bits[here] = reasons * dropped | by_hand.view(np.uint8) * np.uint8(BY_HAND)
        keep[here] = table.trainable[here] & (bits[here] == 0)

    blocks.run(combine, table.offsets)
    return Verdicts(bits, failed, keep, protected, hand, attributes, thresholds, decided.notes if decided else ())


def guarded(marks: np.ndarray, hand: np.ndarray, thresholds: Thresholds) -> tuple[np.ndarray, np.ndarray]:
    """bool, bool: the tokens that rules may not drop, and those that are dropped by hand. marks, hand: uint8."""
    shield = (marks & protected_marks(thresholds)) != 0
    if not thresholds.overrides:
        return shield, np.zeros(len(shield), bool)
    firm = overrides.FIRM[hand]
    return (shield & ~firm) | overrides.KEEPS[hand], overrides.DROPS[hand] & (firm | ~shield)


def outvoted(fails: Sequence[np.ndarray], thresholds: Thresholds) -> np.ndarray:
    """bool: the tokens that fail as many attributes as it takes to drop one. fails: bool of each attribute."""
    return sum((flags.view(np.uint8) for flags in fails), np.zeros(1, np.uint8)) >= NEEDED[thresholds.combine]


def attribute(table: ScoreTable, thresholds: Thresholds, name: str) -> Attribute:
    """One attribute's values, limits and failures. Raises: SettingsError as `judge`."""
    measured, rule = _measured(table, thresholds, name), getattr(thresholds, name)
    key = (rule, thresholds.insist)
    with _LOCK:
        known = measured.judged.get(key)
    if known is None:
        known = _judged(measured, rule, thresholds.insist, name)
        with _LOCK:
            measured.judged.clear()
            measured.judged[key] = known
    return known


def _judged(measured: "_Measured", rule: RuleSettings, insist: bool, name: str) -> Attribute:
    scores, found = measured.scores, measured.informative
    if reason := _unusable(measured, rule, insist, name):
        return Attribute(name, scores, np.zeros(len(scores.values), bool), np.full((1, 2), np.nan), found, (reason,))
    fails, limits = rules.apply(scores, rule)
    off = rule.kind == "off"  # type: ignore[attr-defined]
    notes = (found.reason, *limits.notes) if not off and found.uninformative else limits.notes
    ranges = -limits.ranges[:, ::-1] if scores.high_is_bad else limits.ranges
    return Attribute(name, scores, fails, ranges, found, notes)


def _unusable(measured: "_Measured", rule: RuleSettings, insist: bool, name: str) -> str:
    """Why a score drops nothing, whatever its rule; empty if it may."""
    if not measured.scores.counts.any():
        return _ABSENT[name]
    if rule.kind != "off" and measured.informative.uninformative and not insist:  # type: ignore[attr-defined]
        return f"{measured.informative.reason} It drops nothing unless you insist."
    return ""


def usable(table: ScoreTable, thresholds: Thresholds, name: str) -> Scores | None:
    """The scores that an attribute's rule goes by; None where it drops nothing, however it is set: it is off, its
    scores are absent or uninformative, or another strategy decides. Raises: SettingsError as `judge`."""
    measured, rule = _measured(table, thresholds, name), getattr(thresholds, name)
    off = rule.kind == "off" or thresholds.strategy.kind != "xtf" or _unusable(measured, rule, thresholds.insist, name)
    return None if off else measured.scores


def labels(ids: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """int32: the token's id where the loss sees it, IGNORE elsewhere."""
    return np.where(keep, ids, np.int32(IGNORE)).astype(np.int32, copy=False)


def probability(logprob: np.ndarray) -> np.ndarray:
    """p = exp(logprob), nats → float32 in [0, 1]. By way of float64: float32 exp is off by a unit or two."""
    return np.minimum(np.exp(logprob.astype(np.float64)), 1).astype(np.float32)


def relevance_scores(table: ScoreTable, thresholds: Thresholds) -> np.ndarray:
    """Relevance of each token type in use, float32[V'], NaN where the run does not know it; higher = keep.

    raw: cosine similarity to the domain vector; normalised: 1 - (d - min d) / (max d - min d), where the distance d is
    1 - similarity and its range that of the types in responses.
    """
    domains = ("dataset", "words") if thresholds.relevance_domain == "both" else (thresholds.relevance_domain,)
    similarity = np.mean([_similarity(table, f"{thresholds.relevance_vector}_{domain}") for domain in domains], axis=0)
    if thresholds.relevance_key == "text":
        similarity = similarity[np.searchsorted(table.types("id"), table.types("first_id"))]
    if thresholds.relevance_distance == "normalised":
        similarity = _normalised(similarity, table.types("response_count") > 0)
    return similarity.astype(np.float32)


def _similarity(table: ScoreTable, column: str) -> np.ndarray:
    try:
        return table.types(column).astype(np.float64)
    except KeyError as error:
        raise SettingsError(f"This run does not hold {TYPE_COLUMNS[column].title.lower()}: choose another relevance "
                            "vector or domain, or score again.") from error


def _normalised(similarity: np.ndarray, in_use: np.ndarray) -> np.ndarray:
    known = similarity[in_use & ~np.isnan(similarity)]
    if len(known) == 0:
        return np.full_like(similarity, np.nan)
    # 1 - (d - min d) / (max d - min d) with d = 1 - s is (s - min s) / (max s - min s).
    least, greatest = known.min(), known.max()
    if greatest == least:
        return np.where(np.isnan(similarity), np.nan, 1.0)  # all equally near: no distance to speak of
    return (similarity - least) / (greatest - least)


_ABSENT = {
    "reasoning": "The model gives no attention weights, so reasoning importance is switched off.",
    "novelty": "There are no log-probabilities, so novelty is switched off.",
    "relevance": "Similarities to this domain vector were not computed for this run, so relevance is switched off.",
}


@dataclass(frozen=True, eq=False)
class _Measured:
    """A score with what is worth computing once. `resolved`: the same where float32 resolves it, for the detector."""

    scores: Scores
    resolved: Scores
    judged: dict[tuple[RuleSettings, bool], Attribute] = field(default_factory=dict)  # the last one

    @cached_property
    def informative(self) -> Informativeness:
        if not self.scores.counts.any():
            return Informativeness(False, 0.0, "There are no scores.")
        return informativeness(self.resolved)


#: Sorting millions of scores takes longer than judging them: kept as long as the table lives, the last two of each
#: attribute, so that comparing two settings does not sort again either.
_CACHE: WeakKeyDictionary[ScoreTable, dict[str, dict[tuple[str, ...], _Measured]]] = WeakKeyDictionary()
_REMEMBERED = 2
_LOCK = Lock()


def _measured(table: ScoreTable, thresholds: Thresholds, name: str) -> _Measured:
    key = tuple(getattr(thresholds, part) for part in _fields(name))
    with _LOCK:
        known = _CACHE.setdefault(table, {}).setdefault(name, {})
        if key not in known:
            known[key] = _MEASURES[name](table, thresholds)
        if len(known) > _REMEMBERED:
            del known[next(iter(known))]
        return known[key]


def _fields(name: str) -> list[str]:
    """The settings that decide what an attribute measures."""
    return [part for part in Thresholds.model_fields if part.startswith(f"{name}_")]


def _reasoning(table: ScoreTable, thresholds: Thresholds) -> _Measured:
    if thresholds.reasoning_score not in table.score_names:
        held = ", ".join(name for name in table.score_names if name.startswith("received") or name == "row_mean")
        raise SettingsError(f"This run does not hold the reasoning score {thresholds.reasoning_score}: choose one of "
                            f"{held or 'none'}, or score again with --layers.")
    name = thresholds.reasoning_score
    # Weights are stored as the model's own number format gave them; p and relevance are worked out in float32.
    scores = Scores(table.column(name), table.offsets, name=name, rounding=table.rounding, flat=table.flat)
    return _Measured(scores, scores)


def _novelty(table: ScoreTable, thresholds: Thresholds) -> _Measured:
    # Nothing kept in _CACHE may hold the table itself, or the table would never die.
    logprob, offsets, flat = table.column("logprob"), table.offsets, table.flat
    p = flat.array("p", np.float32, lambda: blocks.each(
        lambda first, last: probability(logprob[offsets[first]:offsets[last]]), offsets))
    return _Measured(Scores(p, offsets, high_is_bad=True, name="p", flat=flat),
                     Scores(logprob, offsets, resolve=_resolved, name="novelty", flat=flat))


def _relevance(table: ScoreTable, thresholds: Thresholds) -> _Measured:
    by_type = relevance_scores(table, thresholds)
    choices = [getattr(thresholds, part) for part in _fields("relevance")]
    name = "-".join(["relevance", *choices])
    types, trainable, offsets = table.type_of, table.trainable, table.offsets

    def values(first: int, last: int) -> np.ndarray:
        here = slice(offsets[first], offsets[last])
        return np.where(trainable[here], by_type[types[here]], np.float32(np.nan))

    scores = Scores(table.flat.array(name, np.float32, lambda: blocks.each(values, offsets)), offsets,
                    by_type=(by_type, table.types("response_count"), table.types("count")), name=name, flat=table.flat)
    return _Measured(scores, scores)


def _resolved(logprob: np.ndarray) -> np.ndarray:
    """Novelty as 1 - p by expm1, which still tells 0.99999 from 0.999999. What the model is so sure of that logprob is
    0 is left out: float32 ends there, and such ties are the very thing that a cutoff on p is meant to find."""
    novelty = -np.expm1(logprob)
    return np.where(novelty > 0, novelty, np.float32(np.nan))


_MEASURES: dict[str, Callable[[ScoreTable, Thresholds], _Measured]] = {
    "reasoning": _reasoning, "novelty": _novelty, "relevance": _relevance}


def protected_marks(thresholds: Thresholds) -> np.uint8:
    """Bits of `Mark`: tokens with any of them may not be dropped."""
    return np.uint8((Mark.EOS if thresholds.protect_eos else 0)
                    | (Mark.FINAL_ANSWER if thresholds.protect_final_answer else 0))
