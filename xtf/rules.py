"""Rules: from one score over all answers to the range of values that is dropped. Pure NumPy, no loop over tokens.

Rules work on `Scores.goodness`, which is higher for tokens that are kept, so that each is written once:
reasoning and relevance as they are, novelty as -p, which orders and clusters just as 1 - p does.
A rule gives limits float64[1 or N, 2], [low, high) of the goodness that is dropped, one row for the dataset or one for
each example, NaN where nothing is dropped.
"""

from collections.abc import Callable

import numpy as np

from xtf import otsu
from xtf.config import Cutoff, Fence, Otsu, Quantile, RuleSettings
from xtf.errors import SettingsError
from xtf.ranks import Limits, Scores, per_example


def _quantile(scores: Scores, share: float, scope: str) -> np.ndarray:
    """float64[1 or N]: np.quantile(…, share), linear, of each example or of all; NaN where nothing is scored."""
    ranked = scores.ranked_together if scope == "dataset" else scores.ranked
    counts = np.array([len(ranked)]) if scope == "dataset" else scores.counts
    starts = np.zeros(1, np.int64) if scope == "dataset" else scores.starts
    position = (counts - 1) * share
    left = np.clip(np.floor(position).astype(np.int64), 0, None)
    right = np.minimum(left + 1, np.maximum(counts - 1, 0))
    found = np.full(len(counts), np.nan)
    some = counts > 0
    low, high = (ranked[(starts + side)[some]].astype(np.float64) for side in (left, right))
    weight = (position - left)[some]
    # From the nearer side, as numpy does, so that equal neighbours give exactly their value.
    found[some] = np.where(weight >= 0.5, high - (high - low) * (1 - weight), low + (high - low) * weight)
    return found


def _below(limits: np.ndarray) -> np.ndarray:
    return np.stack([np.full(len(limits), np.nan), limits], axis=1)


def _off(scores: Scores, rule: RuleSettings) -> Limits:
    return Limits(np.full((1, 2), np.nan))


def _cutoff(scores: Scores, rule: Cutoff) -> Limits:
    return Limits(_below(np.array([-rule.value if scores.high_is_bad else rule.value])))


def _quantile_rule(scores: Scores, rule: Quantile) -> Limits:
    return Limits(_below(_quantile(scores, rule.share, rule.scope)))


def _fence(scores: Scores, rule: Fence) -> Limits:
    first, third = (_quantile(scores, share, rule.scope) for share in (0.25, 0.75))
    return Limits(_below(first - rule.k * (third - first)))


def _otsu(scores: Scores, rule: Otsu) -> Limits:
    if rule.drop >= rule.classes:
        raise SettingsError(f"There is no cluster {rule.drop} among {rule.classes}: choose 0 (the lowest scores) to "
                            f"{rule.classes - 1}.")
    key = (rule.scope, rule.classes, rule.drop)
    if key not in scores._clusters:
        scores._clusters[key] = _otsu_by_answer(scores, rule) if rule.scope == "example" else _otsu_of_all(scores, rule)
    return scores._clusters[key]


def _otsu_of_all(scores: Scores, rule: Otsu) -> Limits:
    if scores.by_type is not None:
        values, in_responses, in_all = scores.by_type
        weights = in_all if rule.scope == "dataset+prompts" else in_responses
        used = (weights > 0) & ~np.isnan(values)
        values, weights = values[used], weights[used]
    else:
        values, weights = scores.ranked, None
    limits, clusters = _cluster(values, weights, rule)
    notes = []
    if clusters < rule.classes:
        notes.append(f"The scores have too few distinct values for {rule.classes} clusters: {_fallback(clusters)}")
        if clusters > 1 and np.isnan(limits).all():
            notes.append(f"Cluster {rule.drop} would be the highest of {clusters}, which is not what it stands for "
                         f"among {rule.classes}: it drops nothing.")
    if rule.scope == "dataset+prompts" and scores.by_type is None:
        notes.append("Prompt tokens have no such score: the clusters are those of the responses.")
    return Limits(limits[None, :], tuple(notes))


def _fallback(clusters: int) -> str:
    return f"{clusters} were made." if clusters > 1 else "none was made, and nothing is dropped."


def _otsu_by_answer(scores: Scores, rule: Otsu) -> Limits:
    found = [_cluster(answer, None, rule) for answer in np.split(scores.ranked, scores.starts[1:])]
    fewer = sum(clusters < rule.classes for _, clusters in found)
    notes = (f"{fewer} of {len(found)} answers have too few distinct values for {rule.classes} clusters: fewer were "
             f"made there, and nothing is dropped where cluster {rule.drop} would be the highest.",) if fewer else ()
    return Limits(np.array([limits for limits, _ in found]).reshape(-1, 2), notes)


def _cluster(values: np.ndarray, weights: np.ndarray | None, rule: Otsu) -> tuple[np.ndarray, int]:
    """The dropped range float64[2] and the number of clusters that could be made.

    With fewer clusters than asked for, `drop` still counts from the lowest, but it never comes to mean the highest
    cluster, the tokens most worth keeping, unless the highest was asked for: then nothing is dropped.
    """
    if len(values) == 0:
        return np.full(2, np.nan), 0
    thresholds = otsu.multiotsu(*otsu.histogram(values, weights), rule.classes)
    clusters = len(thresholds) + 1
    highest_asked = rule.drop == rule.classes - 1
    drop = clusters - 1 if highest_asked else rule.drop
    if clusters < 2 or (drop >= clusters - 1 and not highest_asked):
        return np.full(2, np.nan), clusters
    edges = np.concatenate([[np.nan], thresholds, [np.inf]])
    return edges[drop:drop + 2], clusters


#: One rule is one function from scores to limits; its settings are in `xtf.config.RULES`.
LIMITS: dict[str, Callable[..., Limits]] = {
    "off": _off, "cutoff": _cutoff, "quantile": _quantile_rule, "fence": _fence, "otsu": _otsu}


def apply(scores: Scores, rule: RuleSettings) -> tuple[np.ndarray, Limits]:
    """bool[M]: the tokens that fail the rule and its cap, and the limits that say why (goodness)."""
    limits = LIMITS[rule.kind](scores, rule)  # type: ignore[attr-defined]
    if rule.cap is None:
        return within(scores, limits.ranges), limits
    if rule.cap_ties == "published":
        limits = _published_cap(scores, limits, rule.cap)
        return within(scores, limits.ranges), limits
    return _capped(scores, within(scores, limits.ranges), limits.ranges, rule.cap), limits


def within(scores: Scores, ranges: np.ndarray) -> np.ndarray:
    """bool[M]: low <= goodness < high, as compared in float64; NaN high is within nothing, NaN low is no bound."""
    # Rounding the limit up to float32 leaves every comparison with a float32 as it was, and stays in float32.
    low, high = (_rounded_up(ranges[:, side]) for side in (0, 1))
    lengths = np.diff(scores.offsets)
    found = scores.goodness < (high if len(ranges) == 1 else np.repeat(high, lengths))
    if not np.isnan(low).all():
        low = np.where(np.isnan(low), np.float32(-np.inf), low)
        found &= scores.goodness >= (low if len(ranges) == 1 else np.repeat(low, lengths))
    return found


def _rounded_up(limits: np.ndarray) -> np.ndarray:
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


def _capped(scores: Scores, fails: np.ndarray, ranges: np.ndarray, cap: float) -> np.ndarray:
    """`fails`, at most floor(cap·n) in each example: the worst first, and among equals the first ones."""
    # 0.29 · 100 is 28.999… in binary and means 29.
    room = np.floor(scores.counts * cap + 1e-9).astype(np.int64)
    failing = per_example(fails, scores.offsets)
    over = failing > room
    if not over.any():
        return fails
    lows = np.broadcast_to(ranges[:, 0], over.shape)
    skipped = per_example(within(scores, _below(lows)), scores.offsets)  # worse than the dropped range
    worst_kept = scores.at_rank(skipped + room)  # NaN never arises where `over`
    bound = np.where(over, worst_kept, np.inf)
    beyond = fails & within(scores, _below(bound))
    left = room - per_example(beyond, scores.offsets)
    tied = np.flatnonzero(
        fails & (scores.goodness == np.repeat(bound.astype(np.float32), np.diff(scores.offsets))))
    example = np.searchsorted(scores.offsets, tied, side="right") - 1
    nth = np.arange(len(tied)) - np.searchsorted(example, example)
    beyond[tied[nth < left[example]]] = True
    return beyond
