"""What moving a threshold does to the whole dataset, as data for the dials in assets/: they count in the browser.

A payload's size hangs on the number of places on the grids (some 200 KB), not on that of tokens.
"""

from typing import Any

import numpy as np

from xtf import blocks, grid
from xtf.assets import asset
from xtf.columns import TOKEN_COLUMNS
from xtf.config import ATTRIBUTES
from xtf.figures import palette
from xtf.figures.drawing import SHORT
from xtf.figures.live import base64_of
from xtf.filters import BIT, NEEDED, Attribute, Verdicts
from xtf.grid import Grid
from xtf.stats import FEW, summary
from xtf.store import ScoreTable
from xtf.words import QUESTIONS, TITLES, count

BINS = 60  # of 0 to 1: 0.95 and every other twentieth lie on an edge
_SCRIPTS = ("dials/count.js", "dials/words.js", "dials/draw.js", "dials/move.js", "dials/view.js")
_SOME = 100_000  # values that stand for all where only the shape counts
_ASKED = 100  # examples whose limits make up a band


def script() -> str:
    """The component's JavaScript: one module put together from files that share a scope."""
    return "\n".join(asset(name).read_text(encoding="utf-8") for name in _SCRIPTS)


def style() -> str:
    """The component's style sheet, palette first."""
    return palette.css_variables() + asset("dials/view.css").read_text(encoding="utf-8")


def payload(table: ScoreTable, verdicts: Verdicts, key: str) -> dict[str, Any]:
    """What the dials draw, JSON-able; arrays are base64 of little-endian bytes.

    key: `live.key` of run and thresholds; now: the read-outs at the present thresholds; needed: failed attributes that
    drop a token; attributes: see `_attribute`.
    """
    found, thresholds = summary(table, verdicts), verdicts.thresholds
    return {
        "key": key, "trainable": found["trainable"], "few": FEW, "needed": NEEDED[thresholds.combine],
        "overruled": bool(thresholds.overrides), "protects": _protects(verdicts), "now": read_outs(found),
        "attributes": [_attribute(table, verdicts, name) for name in ATTRIBUTES],
    }


def read_outs(found: dict[str, Any]) -> dict[str, Any]:
    """`stats.summary` in the terms of `state` in assets/dials/count.js."""
    combinations = [0] * (1 << len(ATTRIBUTES))
    for names, tokens in found["combinations"].items():
        combinations[sum(BIT[name] for name in names.split("+"))] = tokens
    return {
        "kept": found["kept"], "dropped": found["dropped"], "spared": found["protected"] + found["by_hand"]["kept"],
        "without": found["examples_without_kept"], "under": found["examples_under"]["examples"],
        "byHand": found["by_hand"]["dropped"], "byHandAlone": found["by_hand"]["alone"],
        "own": [found["attributes"][name]["dropped"] for name in ATTRIBUTES],
        "alone": [found["attributes"][name]["alone"] for name in ATTRIBUTES], "combinations": combinations,
    }


def _protects(verdicts: Verdicts) -> str:
    thresholds = verdicts.thresholds
    parts = [words for words, wanted in (("end of turn", thresholds.protect_eos),
                                         ("final answer", thresholds.protect_final_answer),
                                         ("kept by hand", bool(thresholds.overrides))) if wanted]
    return " or ".join(parts) if parts else "protected; now nothing is"


def _attribute(table: ScoreTable, verdicts: Verdicts, name: str) -> dict[str, Any]:
    """One card: its words, the histogram of the scores, and the grid that its threshold moves on, if it can."""
    found, rule = verdicts.attributes[name], getattr(verdicts.thresholds, name)
    axis = _Axis(found.values, name, verdicts)
    moves = grid.of(table, verdicts.thresholds, name)
    places = 0 if moves is None else len(moves.values)
    bins = _joint(found, axis, moves, places)
    failing = int(np.count_nonzero(found.fails))
    return {
        "name": name, "title": TITLES[name], "short": SHORT[name], "question": QUESTIONS[name],
        "drops": "above" if name == "novelty" else "below", "unit": "%" if name == "novelty" else "",
        "kind": rule.kind, "scope": getattr(rule, "scope", ""), "classes": getattr(rule, "classes", 0), "cap": rule.cap,
        "silent": "Off" if rule.kind == "off" else "Drops nothing: its scores cannot be used",
        "notes": [note for note in found.notes if not found.informative.uninformative],
        "axis": axis.payload(), "bins": bins.sum(axis=1).tolist(),
        "picture": f"Histogram of {count(bins.sum())} response tokens by {axis.title}; {count(failing)} fail now.",
        "grid": None if moves is None else _grid(table, verdicts, name, moves, bins),
    }


def _grid(table: ScoreTable, verdicts: Verdicts, name: str, moves: Grid, bins: np.ndarray) -> dict[str, Any]:
    """values float64[G]; counts uint32[G + 1, 4, 3], without and under uint32[G] as in `grid.Effects`; hatch
    uint8[G, BINS], the failing part of each bar, 255 = all; lines float32[G, 2, 3], on each side the least, middle and
    greatest limit of nine in ten examples."""
    effects = grid.effects(table, verdicts, name, FEW)
    assert effects is not None  # there is a grid
    return {
        "values": base64_of(moves.values, "<f8"), "now": moves.now, "nested": moves.nested,
        "counts": base64_of(effects.counts, "<u4"), "without": base64_of(effects.without_kept, "<u4"),
        "under": base64_of(effects.under, "<u4"), "hatch": base64_of(_hatch(bins, moves.nested), "u1"),
        "lines": base64_of(_lines(table, verdicts, name), "<f4"),
    }


class _Axis:
    """Where scores lie on a card. 0 to 1 for those that have that range; a heavy tail is laid out by its logarithm."""

    def __init__(self, values: np.ndarray, name: str, verdicts: Verdicts):
        low, high = (float(extreme.reduce(values, initial=np.nan)) for extreme in (np.fmin, np.fmax))
        if np.isnan(low) or (low >= 0 and 0.5 <= high <= 1):
            low, high = 0.0, 1.0
        some = values[::max(1, len(values) // _SOME)]
        self.log = low > 0 and high / float(np.median(some[~np.isnan(some)])) > 5
        if self.log:
            low, high = float(np.log10(low)), float(np.log10(high))
        self.low, self.high = low, high if high > low else low + 1.0
        self.title, self.unit = _axis_title(name, verdicts), "%" if name == "novelty" else ""

    def bins(self, values: np.ndarray) -> np.ndarray:
        """int32: the bar of each value, BINS where there is none."""
        places = np.log10(values) if self.log else values
        places = np.clip((places - np.float32(self.low)) * np.float32(BINS / (self.high - self.low)), 0, BINS - 1)
        places[np.isnan(places)] = BINS
        return places.astype(np.int32)

    def payload(self) -> dict[str, Any]:
        """low, high in coordinates (logarithms to base ten if log); ticks [[place from 0 to 1, label]]."""
        return {"low": self.low, "high": self.high, "log": self.log, "title": self.title, "ticks": self._ticks()}

    def _ticks(self) -> list[list[Any]]:
        if self.log:
            powers = np.arange(np.floor(self.low), np.ceil(self.high) + 1)
            steps = (1,) if self.high - self.low > 2 else (1, 2, 5)
            values = np.sort([step * 10.0 ** power for power in powers for step in steps])
            places = np.log10(values)
        else:
            values = places = np.linspace(self.low, self.high, 5)
        shares = (places - self.low) / (self.high - self.low)
        return [[float(share), self._label(value)] for share, value in zip(shares, values, strict=True)
                if 0 <= share <= 1]

    def _label(self, value: float) -> str:
        return f"{100 * value:g} %" if self.unit else f"{value:.3g}"


def _axis_title(name: str, verdicts: Verdicts) -> str:
    if name == "reasoning":
        column = TOKEN_COLUMNS[verdicts.thresholds.reasoning_score]
        return f"{column.title.partition(',')[0].lower()} ({column.unit})".removesuffix(" ()")
    return {"novelty": "p, the probability of the token", "relevance": "relevance"}[name]


def _joint(found: Attribute, axis: _Axis, moves: Grid | None, places: int) -> np.ndarray:
    """int64[BINS, G + 1]: scored tokens by bar and onset."""
    size, offsets = (BINS + 1) * (places + 1), found.scores.offsets

    def counted(first: int, last: int) -> np.ndarray:
        here = slice(offsets[first], offsets[last])
        cells = axis.bins(found.values[here]) * (places + 1)
        if moves is not None:
            cells += moves.onset[here]
        return np.bincount(cells, minlength=size)

    return sum(blocks.each(counted, offsets), np.zeros(size, np.int64)).reshape(BINS + 1, -1)[:BINS]


def _hatch(bins: np.ndarray, nested: bool) -> np.ndarray:
    """uint8[G, BINS]: what is neither none nor all is never drawn as such."""
    whole = np.maximum(bins.sum(axis=1, keepdims=True), 1)
    failing = (np.cumsum(bins, axis=1) if nested else bins)[:, :-1]
    shares = np.clip(np.rint(255 * failing / whole), np.where(failing > 0, 1, 0), np.where(failing < whole, 254, 255))
    return shares.T.astype(np.uint8)


def _lines(table: ScoreTable, verdicts: Verdicts, name: str) -> np.ndarray:
    """float32[G, 2, 3]. Where limits differ between examples, an even sample of these stands for all."""
    answered = np.flatnonzero(verdicts.attributes[name].scores.counts)
    several = len(verdicts.attributes[name].limits) > 1
    asked = answered[np.unique(np.linspace(0, len(answered) - 1, _ASKED if several else 1).astype(int))]
    limits = np.stack([grid.limits_of(table, verdicts.thresholds, name, int(example)) for example in asked])
    ranked = np.sort(np.where(np.isinf(limits), np.nan, limits), axis=0)  # NaN comes last
    ranks = np.rint(np.multiply.outer([0.05, 0.5, 0.95], np.isfinite(ranked).sum(axis=0) - 1)).clip(0)
    return np.take_along_axis(ranked, ranks.astype(int), axis=0).transpose(1, 2, 0)

