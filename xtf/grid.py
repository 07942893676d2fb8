"""All the settings that one attribute's threshold can be moved to, and what each of them would drop.

Worked out once, this lets a browser follow a moving threshold without judging anything anew. It is exact, ties and caps
included: limits come from the functions that `xtf.rules` judges by, and are compared in the same float32.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from xtf import blocks, filters, rules
from xtf.config import ATTRIBUTES, MAIN_FIELD, Thresholds
from xtf.filters import NEEDED, Verdicts
from xtf.flat import Flat
from xtf.ranks import Limits, Scores, per_example
from xtf.store import ScoreTable

Onset = Callable[[int, int], np.ndarray]  # of the examples first .. last - 1
FEW = 5
_REMEMBERED = 3
_EVERYTHING = Limits(np.array([[np.nan, np.inf]]))
FREE, SHIELDED, BY_HAND = 0, 1, 2  # guards: may be dropped by rules, may not, is dropped whatever they say


@dataclass(frozen=True, eq=False)
class Grid:
    """Settings of one attribute's threshold, from the one that drops least on. G places, M tokens."""

    field: str  # of the rule: value, share, k or drop
    values: np.ndarray  # float64[G], of that field
    now: int  # the place of the present setting
    nested: bool  # a place drops what those before it drop, and more; else (clusters) every place drops others
    #: uint16[M]: the first place at which a token fails rule and cap; not nested: the only one; G: at none.
    onset: np.ndarray


@dataclass(frozen=True, eq=False)
class Effects:
    """What comes of each place of a grid."""

    #: int64[G + 1, 4, 3]: trainable tokens by onset, by which of the other attributes fail (bit 0: the first of them in
    #: the order of ATTRIBUTES, bit 1: the second), and by guard: FREE, SHIELDED, BY_HAND.
    counts: np.ndarray
    without_kept: np.ndarray  # int64[G]: examples with response tokens, none of them kept
    under: np.ndarray  # int64[G]: those with fewer than `few` kept


def of(table: ScoreTable, thresholds: Thresholds, name: str) -> Grid | None:
    """The grid of one attribute; None where moving it does nothing: its rule is off, or its scores are absent or
    uninformative. Raises: SettingsError as `filters.judge`."""
    scores, rule = filters.usable(table, thresholds, name), getattr(thresholds, name)
    if scores is None:
        return None
    field = MAIN_FIELD[rule.kind]
    steps, present = _steps(scores, rule), getattr(rule, field)
    values = _ordered(rule, np.union1d(steps, [present]), scores)
    keeping = scores.flat if present in steps else Flat()  # there is no end to settings between the steps
    place = int(np.flatnonzero(values == present)[0])
    return Grid(field, values, place, rule.kind != "otsu", _onset(scores, rule, values, keeping))


def _unit(scores: Scores, rule: Any) -> np.ndarray:
    """0 to 1 in steps of 0.005, finer towards the ends."""
    fine = [0.0001, 0.0005, *np.arange(1, 10) / 1000]
    return np.unique(np.round([*np.linspace(0, 1, 201), *fine, *(1 - np.array(fine))], 8))


def _cutoffs(scores: Scores, rule: Any) -> np.ndarray:
    """About 300 round numbers over the range of the scores, denser where a heavy tail makes most of them small."""
    if scores.high_is_bad:
        return _unit(scores, rule)
    known = scores.values[np.isfinite(scores.values)]
    low, high, middle = (float(known.min()), float(known.max()), float(np.median(known))) if len(known) else (0, 1, 0.5)
    if low > 0 and high / middle > 5:
        return _significant(np.geomspace(low, high * 1.01, 300))
    step = 10.0 ** np.floor(np.log10(max(high - low, 1e-9) / 100))
    step *= next(times for times in (1, 2, 5, 10) if (high - low) / (step * times) <= 300)
    return np.round(np.arange(np.floor(low / step), np.ceil(high / step) + 2) * step, 12)


def _significant(values: np.ndarray, digits: int = 3) -> np.ndarray:
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(values)))
    return np.unique(np.round(np.round(values * scale) / scale, 15))


def _shares(scores: Scores, rule: Any) -> np.ndarray:
    return np.round(np.append(np.arange(0, 0.2, 0.001), np.linspace(0.2, 1, 161)), 8)


def _widths(scores: Scores, rule: Any) -> np.ndarray:
    return np.round(np.append(np.arange(0, 3, 0.02), np.linspace(3, 10, 71)), 8)


def _clusters(scores: Scores, rule: Any) -> np.ndarray:
    return np.arange(rule.classes, dtype=np.float64)


_STEPS = {"cutoff": _cutoffs, "quantile": _shares, "fence": _widths, "otsu": _clusters}


def _steps(scores: Scores, rule: Any) -> np.ndarray:
    """The settings to move through, but for the present one."""
    if rule.kind != "cutoff":
        return _STEPS[rule.kind](scores, rule)
    if scores not in _CUTOFFS:  # these look at all scores
        _CUTOFFS[scores] = _cutoffs(scores, rule)
    return _CUTOFFS[scores]


def _ordered(rule: Any, values: np.ndarray, scores: Scores) -> np.ndarray:
    """From dropping least to dropping most."""
    falling = rule.kind == "fence" or (rule.kind == "cutoff" and scores.high_is_bad)
    return values[::-1].copy() if falling else values


_CUTOFFS: WeakKeyDictionary[Scores, np.ndarray] = WeakKeyDictionary()
#: Onsets of millions of tokens take longer than all else here; moving a threshold changes none of them.
_ONSETS: WeakKeyDictionary[Scores, dict[str, np.ndarray]] = WeakKeyDictionary()


def _onset(scores: Scores, rule: Any, values: np.ndarray, keeping: Flat) -> np.ndarray:
    rest = rule.model_dump_json(exclude={MAIN_FIELD[rule.kind]}).encode()
    key = hashlib.sha256(rest + values.tobytes()).hexdigest()[:16]
    known = _ONSETS.setdefault(scores, {})
    if key not in known:
        found = (_cluster_onset if rule.kind == "otsu" else _nested_onset)(scores, rule, values)
        known[key] = keeping.array(f"{scores.name}-onset-{key}", np.uint16,
                                   lambda: blocks.each(found, scores.offsets))
        if len(known) > _REMEMBERED:
            del known[next(iter(known))]
    return known[key]


def _nested_onset(scores: Scores, rule: Any, values: np.ndarray) -> Onset:
    allowed = None if rule.cap is None else rules.capped(scores, rule, _EVERYTHING)[0]

    def found(first: int, last: int) -> np.ndarray:
        limits = rules.rounded_up(_limits(scores, rule, values, slice(first, last)))
        begun = _first_above(limits, scores.goodness(first, last), np.diff(scores.offsets[first:last + 1]))
        return begun if allowed is None else np.where(allowed(first, last), begun, np.uint16(len(values)))

    return found


def _limits(scores: Scores, rule: Any, values: np.ndarray, examples: slice) -> np.ndarray:
    """float64[G, 1 or n]: the goodness below which a token fails at each place, of all examples or of each."""
    column = values[:, None]
    if rule.kind == "cutoff":
        return -column if scores.high_is_bad else column
    return (rules.quantile if rule.kind == "quantile" else rules.fence)(scores, column, rule.scope, examples)


def _first_above(limits: np.ndarray, goodness: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """uint16: the first place whose limit lies above each goodness; G for none, and for NaN. limits float32[G, 1 or n],
    rising; a binary search of all tokens at once, since each example may have limits of its own."""
    places = len(limits)
    if limits.shape[1] == 1:
        found = np.searchsorted(limits[:, 0], goodness, side="right")
        return np.where(np.isnan(goodness), places, found).astype(np.uint16)
    rows = np.ascontiguousarray(limits.T).ravel()
    start = np.repeat(np.arange(len(lengths), dtype=np.int64) * places, lengths)
    low = np.zeros(len(goodness), np.int64)
    high = np.full(len(goodness), places, np.int64)
    for _ in range(places.bit_length()):
        middle = (low + high) >> 1
        searching = low < high
        above = rows[start + np.minimum(middle, places - 1)] > goodness
        high = np.where(searching & above, middle, high)
        low = np.where(searching & ~above, middle + 1, low)
    return high.astype(np.uint16)


def _cluster_onset(scores: Scores, rule: Any, values: np.ndarray) -> Onset:
    judges = [rules.failing(scores, rule.model_copy(update={"drop": int(value)}))[0] for value in values]

    def found(first: int, last: int) -> np.ndarray:
        onset = np.full(int(scores.offsets[last] - scores.offsets[first]), len(values), np.uint16)
        for place, judge in enumerate(judges):
            onset[judge(first, last)] = place
        return onset

    return found


def limits_of(table: ScoreTable, thresholds: Thresholds, name: str, example: int) -> np.ndarray:
    """float64[G, 2]: the limits of one example at each place of the grid, as in `filters.Attribute`; no rows where
    there is no grid."""
    grid, scores = of(table, thresholds, name), filters.usable(table, thresholds, name)
    if grid is None or scores is None:
        return np.zeros((0, 2))
    rule = getattr(thresholds, name)
    ranges = (_nested_ranges if grid.nested else _cluster_ranges)(scores, rule, grid.values, example)
    if rule.cap is not None and rule.cap_ties == "published":
        ranges[:, 1] = np.minimum(ranges[:, 1], rules.capped(scores, rule, _EVERYTHING)[1].ranges[example, 1])
    return -ranges[:, ::-1] if scores.high_is_bad else ranges


def _nested_ranges(scores: Scores, rule: Any, values: np.ndarray, example: int) -> np.ndarray:
    high = _limits(scores, rule, values, slice(example, example + 1))[:, 0]
    return np.stack([np.full(len(high), np.nan), high], axis=1)


def _cluster_ranges(scores: Scores, rule: Any, values: np.ndarray, example: int) -> np.ndarray:
    found = [rules.LIMITS["otsu"](scores, rule.model_copy(update={"drop": int(value)})).ranges for value in values]
    return np.stack([ranges[example if len(ranges) > 1 else 0] for ranges in found])


def guards(table: ScoreTable, verdicts: Verdicts, here: slice) -> np.ndarray:
    """uint8: FREE, SHIELDED or BY_HAND of each token of a slice of the flat arrays."""
    shield, by_hand = filters.guarded(table.marks[here], verdicts.hand[here], verdicts.thresholds)
    return np.where(by_hand, np.uint8(BY_HAND), shield.view(np.uint8))


def effects(table: ScoreTable, verdicts: Verdicts, name: str, few: int = FEW) -> Effects | None:
    """What each place of the attribute's grid would do to the dataset, all else as it was judged. None as `of`."""
    grid = of(table, verdicts.thresholds, name)
    if grid is None:
        return None
    size = (len(grid.values) + 1) * 12

    def counted(first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        part = _Part(table, verdicts, name, grid, first, last)
        cells = (part.onset.astype(np.int32) * 4 + part.others) * 3 + part.guard
        return np.bincount(cells[part.trainable], minlength=size), part.under(1), part.under(few)

    cells, without, under = (np.sum(column, axis=0) for column in zip(*blocks.each(counted, table.offsets)))
    return Effects(cells.reshape(-1, 4, 3), without, under)


class _Part:
    """The examples first .. last - 1, and what decides about their tokens beside the attribute that is moved."""

    def __init__(self, table: ScoreTable, verdicts: Verdicts, name: str, grid: Grid, first: int, last: int):
        here = slice(table.offsets[first], table.offsets[last])
        self.grid, self.offsets = grid, table.offsets[first:last + 1] - table.offsets[first]
        self.trainable, self.onset = table.trainable[here], grid.onset[here]
        self.guard = guards(table, verdicts, here)
        first_other, second_other = (verdicts.attributes[other].fails[here] for other in ATTRIBUTES if other != name)
        self.others = first_other.view(np.uint8) + 2 * second_other.view(np.uint8)
        self.needed = NEEDED[verdicts.thresholds.combine] - np.bitwise_count(self.others).astype(np.int8)
        self.asked = per_example(self.trainable, self.offsets) > 0

    def under(self, few: int) -> np.ndarray:
        """int64[G]: examples with response tokens of which fewer than `few` are kept, at each place."""
        places = len(self.grid.values)
        if not self.grid.nested:
            kept = (per_example(self.trainable & ~self._gone(self.onset == place), self.offsets)
                    for place in range(places))
            return np.array([np.count_nonzero(self.asked & (count < few)) for count in kept])
        ends = self._ends(few)[self.asked]
        return np.cumsum(np.bincount(ends, minlength=places + 1))[:places]

    def _gone(self, fails: np.ndarray) -> np.ndarray:
        """bool: the tokens that are dropped if these fail the attribute."""
        return (self.guard == BY_HAND) | ((self.guard == FREE) & (fails.view(np.int8) >= self.needed))

    def _ends(self, few: int) -> np.ndarray:
        """int64[n]: the first place at which an example keeps fewer than `few` tokens, G for none: the place at which
        the last but `few` - 1 of its tokens goes."""
        places = len(self.grid.values)
        goes = np.where(self._gone(np.zeros(len(self.onset), bool)), np.uint16(0), self.onset)
        stays = (self.guard == SHIELDED) | ((self.guard == FREE) & (self.needed > 1))
        goes[stays] = places
        goes[~self.trainable] = 0
        ends = np.where(per_example(goes == places, self.offsets) >= few, places, 0)
        open_ended = np.repeat(ends == 0, np.diff(self.offsets)) & (goes > 0)
        example = np.repeat(np.arange(len(ends)), np.diff(self.offsets))[open_ended]
        order = np.lexsort((goes[open_ended], example))
        lasts = np.cumsum(np.bincount(example, minlength=len(ends))) - few  # of each example, the one that matters
        enough = np.bincount(example, minlength=len(ends)) >= few
        ends[enough] = goes[open_ended][order][lasts[enough]]
        return ends


def sweep(table: ScoreTable, verdicts: Verdicts, name: str) -> pd.DataFrame:
    """What moving one attribute's threshold does, all else as it is: value, dropped (tokens, by the attribute), kept,
    kept_share, in rising order of the value. Empty where `of` is None."""
    grid, found = of(table, verdicts.thresholds, name), effects(table, verdicts, name)
    if grid is None or found is None:
        return pd.DataFrame({"value": [], "dropped": [], "kept": [], "kept_share": []})
    every = found.counts[:-1]
    fails = np.cumsum(every, axis=0) if grid.nested else every
    needed = NEEDED[verdicts.thresholds.combine] - np.array([0, 1, 1, 2])
    total = found.counts.sum(axis=0)
    own = fails[:, needed <= 1][:, :, [FREE, BY_HAND]].sum(axis=(1, 2))
    gone = (own - fails[:, needed <= 1, BY_HAND].sum(axis=1) + total[:, BY_HAND].sum()
            + (total - fails)[:, needed <= 0, FREE].sum(axis=1))
    kept = total.sum() - gone
    frame = pd.DataFrame({"value": grid.values, "dropped": own, "kept": kept, "kept_share": kept / max(total.sum(), 1)})
    return frame.sort_values("value", ignore_index=True)
