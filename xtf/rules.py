"""Rules: from one score over all responses to the range of values that is dropped. Pure NumPy, no loop over tokens.

Rules work on `Scores.goodness`, which is higher for tokens that are kept, so that each is written once:
reasoning and relevance as they are, novelty as -p, which orders and clusters just as 1 - p does.
A rule gives limits float64[1 or N, 2], [low, high) of the goodness that is dropped, one row for the dataset or one for
each example, NaN where nothing is dropped.
"""

from collections.abc import Callable, Iterator

import numpy as np

from xtf import blocks, otsu
from xtf.config import Cutoff, Fence, Otsu, Quantile, RuleSettings
from xtf.errors import SettingsError
from xtf.ranks import Limits, Scores, per_example

Failing = Callable[[int, int], np.ndarray]


def quantile(scores: Scores, share: float | np.ndarray, scope: str, examples: slice = slice(None)) -> np.ndarray:
    """float64[…, 1 or N]: np.quantile(…, share), linear, of each of some examples or of all together; NaN where nothing
    is scored. share: a number, or float64[…, 1]."""
    ranked = scores.ranked_together if scope == "dataset" else scores.ranked
    counts = np.array([len(ranked)]) if scope == "dataset" else scores.counts[examples]
    starts = np.zeros(1, np.int64) if scope == "dataset" else scores.starts[examples]
    position = (counts - 1) * share
    left = np.clip(np.floor(position).astype(np.int64), 0, None)
    right = np.minimum(left + 1, np.maximum(counts - 1, 0))
    some = counts > 0
    found = np.full(position.shape, np.nan)
    low, high = (ranked[(starts + side)[..., some]].astype(np.float64) for side in (left, right))
    weight = (position - left)[..., some]
    # From the nearer side, as numpy does, so that equal neighbours give exactly their value.
    found[..., some] = np.where(weight >= 0.5, high - (high - low) * (1 - weight), low + (high - low) * weight)
    return found


def _below(limits: np.ndarray) -> np.ndarray:
    return np.stack([np.full(len(limits), np.nan), limits], axis=1)


def _off(scores: Scores, rule: RuleSettings) -> Limits:
    return Limits(np.full((1, 2), np.nan))


def _cutoff(scores: Scores, rule: Cutoff) -> Limits:
    return Limits(_below(np.array([-rule.value if scores.high_is_bad else rule.value])))


def _quantile_rule(scores: Scores, rule: Quantile) -> Limits:
    return Limits(_below(quantile(scores, rule.share, rule.scope)))


def _fence(scores: Scores, rule: Fence) -> Limits:
    return Limits(_below(fence(scores, rule.k, rule.scope)))


def fence(scores: Scores, k: float | np.ndarray, scope: str, examples: slice = slice(None)) -> np.ndarray:
    """float64[…, 1 or N]: Q1 - k·IQR of each of some examples or of all together. k: a number, or float64[…, 1]."""
    if scope not in scores._quartiles:
        scores._quartiles[scope] = tuple(quantile(scores, share, scope) for share in (0.25, 0.75))
    first, third = (found if scope == "dataset" else found[examples] for found in scores._quartiles[scope])
    return first - k * (third - first)


def _otsu(scores: Scores, rule: Otsu) -> Limits:
    if rule.drop >= rule.classes:
        raise SettingsError(f"There is no cluster {rule.drop} among {rule.classes}: choose 0 (the lowest scores) to "
                            f"{rule.classes - 1}.")
    key = (rule.scope, rule.classes)
    if key not in scores._clusters:
        scores._clusters[key] = (_cuts_of_answers if rule.scope == "example" else _cuts_of_all)(scores, rule)
    cuts = scores._clusters[key]
    return Limits(_cluster(cuts, rule), tuple(_few(cuts, rule, scores)))


def _cuts_of_all(scores: Scores, rule: Otsu) -> np.ndarray:
    """float64[1, classes - 1]: the thresholds between clusters, NaN where there are fewer."""
    if scores.by_type is None:
        return _cuts(otsu.histogram_of_sorted(scores.ranked_together), rule)[None, :]
    values, in_responses, in_all = scores.by_type
    weights = in_all if rule.scope == "dataset+prompts" else in_responses
    used = (weights > 0) & ~np.isnan(values)
    return _cuts(otsu.histogram(values[used], weights[used]) if used.any() else None, rule)[None, :]


def _cuts_of_answers(scores: Scores, rule: Otsu) -> np.ndarray:
    """float64[N, classes - 1]: the same for each answer."""
    answers = np.split(scores.ranked, scores.starts[1:])
    return np.stack([_cuts(otsu.histogram_of_sorted(answer) if len(answer) else None, rule) for answer in answers])


def _cuts(histogram: tuple[np.ndarray, np.ndarray] | None, rule: Otsu) -> np.ndarray:
    found = otsu.multiotsu(*histogram, rule.classes) if histogram else np.zeros(0)
    return np.append(found, np.full(rule.classes - 1 - len(found), np.nan))


def _cluster(cuts: np.ndarray, rule: Otsu) -> np.ndarray:
    """float64[1 or N, 2]: the dropped range.

    With fewer clusters than asked for, `drop` still counts from the lowest, but it never comes to mean the highest
    cluster, the tokens most worth keeping, unless the highest was asked for: then nothing is dropped.
    """
    clusters = 1 + np.isfinite(cuts).sum(axis=1)
    highest_asked = rule.drop == rule.classes - 1
    drop = clusters - 1 if highest_asked else np.full(len(cuts), rule.drop)
    edges = np.concatenate([np.full((len(cuts), 1), np.nan), cuts, np.full((len(cuts), 1), np.inf)], axis=1)
    edges[np.arange(len(cuts)), clusters] = np.inf
    idle = (clusters < 2) | ((drop >= clusters - 1) & (not highest_asked))
    ranges = np.take_along_axis(edges, drop[:, None] + np.arange(2), axis=1)
    return np.where(idle[:, None], np.nan, ranges)


def _few(cuts: np.ndarray, rule: Otsu, scores: Scores) -> Iterator[str]:
    """Sentences for what could not be clustered as asked."""
    clusters = 1 + np.isfinite(cuts).sum(axis=1)
    fewer = int((clusters < rule.classes).sum())
    if fewer and rule.scope == "example":
        yield (f"{fewer} of {len(cuts)} responses have too few distinct values for {rule.classes} clusters: fewer were "
               f"made there, and nothing is dropped where cluster {rule.drop} would be the highest.")
    elif fewer:
        made = int(clusters[0])
        yield (f"The scores have too few distinct values for {rule.classes} clusters: "
               + (f"{made} were made." if made > 1 else "none was made, and nothing is dropped."))
        if made > 1 and np.isnan(_cluster(cuts, rule)).all():
            yield (f"Cluster {rule.drop} would be the highest of {made}, which is not what it stands for among "
                   f"{rule.classes}: it drops nothing.")
    if rule.scope == "dataset+prompts" and scores.by_type is None:
        yield "Prompt tokens have no such score: the clusters are those of the responses."


#: One rule is one function from scores to limits; its settings are in `xtf.config.RULES`.
LIMITS: dict[str, Callable[..., Limits]] = {
    "off": _off, "cutoff": _cutoff, "quantile": _quantile_rule, "fence": _fence, "otsu": _otsu}


def apply(scores: Scores, rule: RuleSettings) -> tuple[np.ndarray, Limits]:
    """bool[M]: the tokens that fail the rule and its cap, and the limits that say why (goodness)."""
    fails = np.empty(len(scores.values), bool)
    judge, limits = failing(scores, rule)

    def put(first: int, last: int) -> None:
        fails[scores.offsets[first]:scores.offsets[last]] = judge(first, last)

    blocks.run(put, scores.offsets)
    return fails, limits


def failing(scores: Scores, rule: RuleSettings) -> tuple[Failing, Limits]:
    """The same as a function of the first example and the one after the last, which gives their tokens' bool."""
    return capped(scores, rule, LIMITS[rule.kind](scores, rule))  # type: ignore[attr-defined]


def capped(scores: Scores, rule: RuleSettings, limits: Limits) -> tuple[Failing, Limits]:
    """The same for limits that are known: what lies within them, as far as the rule's cap allows."""
    room = None
    if rule.cap is not None and rule.cap_ties == "published":
        limits = _published_cap(scores, limits, rule.cap)
    elif rule.cap is not None:
        # 0.29 · 100 is 28.999… in binary and means 29.
        room = np.floor(scores.counts * rule.cap + 1e-9).astype(np.int64)
        _ = scores.ranked, scores.starts  # made once, not by each thread

    def judge(first: int, last: int) -> np.ndarray:
        ranges = limits.ranges if len(limits.ranges) == 1 else limits.ranges[first:last]
        part = _Part(scores, first, last)
        found = part.within(ranges)
        return found if room is None else _capped(part, found, ranges, room[first:last])

    return judge, limits


class _Part:
    """The scores of the examples first .. last - 1."""

    def __init__(self, scores: Scores, first: int, last: int):
        self.first, self.scores = first, scores
        self.offsets = scores.offsets[first:last + 1] - scores.offsets[first]
        self.goodness = scores.goodness(first, last)

    def within(self, ranges: np.ndarray) -> np.ndarray:
        """bool: low <= goodness < high, as compared in float64; NaN high is within nothing, NaN low is no bound."""
        # Rounding the limit up to float32 leaves every comparison with a float32 as it was, and stays in float32.
        low, high = (rounded_up(ranges[:, side]) for side in (0, 1))
        found = self.goodness < self.spread(high)
        if not np.isnan(low).all():
            found &= self.goodness >= self.spread(np.where(np.isnan(low), np.float32(-np.inf), low))
        return found

    def spread(self, limits: np.ndarray) -> np.ndarray:
        """One number for each token, or the one that is for all."""
        return limits if len(limits) == 1 else np.repeat(limits, np.diff(self.offsets))


def rounded_up(limits: np.ndarray) -> np.ndarray:
    """float32: the least that is not below each float64 limit."""
    with np.errstate(over="ignore"):
        near = limits.astype(np.float32)
    return np.where(near < limits, np.nextafter(near, np.float32(np.inf)), near)


def _published_cap(scores: Scores, limits: Limits, cap: float) -> Limits:
    """Also strictly beyond the order statistic s[int(n·cap)] (novelty: s[int(n·(1-cap))] of p), published code."""
    if scores.high_is_bad:
        rank = scores.counts - 1 - (scores.counts * (1 - cap)).astype(np.int64)
        bound = np.where(rank >= 0, scores.at_rank(np.maximum(rank, 0)), -np.inf)
    else:
        bound = scores.at_rank((scores.counts * cap).astype(np.int64), beyond=np.inf)
    low, high = np.broadcast_to(limits.ranges, (len(bound), 2)).T
    return Limits(np.stack([low, np.minimum(high, bound)], axis=1), limits.notes)


def _capped(part: _Part, fails: np.ndarray, ranges: np.ndarray, room: np.ndarray) -> np.ndarray:
    """`fails`, at most `room` in each example: the worst first, and among equals the first ones."""
    over = per_example(fails, part.offsets) > room
    if not over.any():
        return fails
    skipped = np.zeros(len(over), np.int64)
    if not np.isnan(ranges[:, 0]).all():
        worse = part.within(_below(np.broadcast_to(ranges[:, 0], over.shape)))  # than the dropped range
        skipped = per_example(worse, part.offsets)
    worst_kept = part.scores.at_rank(skipped + room, first=part.first)  # NaN never arises where `over`
    bound = np.where(over, worst_kept, np.inf)
    beyond = fails & part.within(_below(bound))
    left = room - per_example(beyond, part.offsets)
    tied = np.flatnonzero(fails & (part.goodness == part.spread(bound.astype(np.float32))))
    example = np.searchsorted(part.offsets, tied, side="right") - 1
    nth = np.arange(len(tied)) - np.searchsorted(example, example)
    beyond[tied[nth < left[example]]] = True
    return beyond
