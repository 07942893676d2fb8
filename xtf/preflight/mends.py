"""Settings that mend what a check found in the verdicts, tried on the run where that is not certain beforehand."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from xtf import overrides, strategies
from xtf.columns import Mark
from xtf.config import ATTRIBUTES, ByClass, BySpan, ByType, Override, Thresholds, settings
from xtf.filters import BY_HAND, Verdicts
from xtf.preflight.findings import Fix, Level
from xtf.selection import HAND, REASONS, STRATEGY
from xtf.store import Manifest, ScoreTable
from xtf.words import TITLES, count, percent


def no_ends(manifest: Manifest, table: ScoreTable, verdicts: Verdicts) -> Fix | None:
    """For rows without any end of turn: those that are left out because they keep none come back once it is protected.
    None where the run was scored with ends of turn and has none all the same."""
    if (_ends(table) & (verdicts.bits != 0)).any():
        return keep_ends(table, verdicts)[0]
    asked = manifest.settings.get("eos", True)
    return None if asked else Fix("Score with the end-of-turn token", "score", {"eos": True})


def keep_ends(table: ScoreTable, verdicts: Verdicts) -> tuple[Fix, str]:
    """Keeps every end of turn; and how many were dropped by hand, in words."""
    lost = _ends(table) & (verdicts.bits != 0)
    by_hand = int(np.count_nonzero(verdicts.bits[lost] & np.uint8(BY_HAND)))
    dumped = verdicts.thresholds.model_dump(mode="json")["overrides"]
    firm = _dropping_ends(table, verdicts.thresholds) if by_hand else set()
    change: dict[str, Any] = {"protect_eos": True}
    if firm:
        change["overrides"] = [override for place, override in enumerate(dumped) if place not in firm]
    words = "Protect them, by hand too" if firm else "Protect them"
    told = ", by hand" if by_hand == np.count_nonzero(lost) else f", {count(by_hand)} of them by hand"
    return Fix(words, "thresholds", change), told if by_hand else ""


def _ends(table: ScoreTable) -> np.ndarray:
    return table.trainable & ((table.marks & np.uint8(Mark.EOS)) != 0)


def _dropping_ends(table: ScoreTable, thresholds: Thresholds) -> set[int]:
    """Places of the overrides that drop an end of turn in spite of its protection."""
    flags = _ends(table)
    types = set(np.unique(table.ids[flags]).tolist())

    def drops(override: Override) -> bool:
        if override.action == "keep":
            return False
        if isinstance(override, ByType):
            return override.token in types
        found = overrides.decided(table, [override]) if isinstance(override, BySpan) else None
        return found is not None and any(flags[first:last].any() for first, last, _ in found.spans)

    return {place for place, override in enumerate(thresholds.overrides) if drops(override)}


def drop_specials(table: ScoreTable, verdicts: Verdicts) -> tuple[Level, str, Fix | None]:
    """Drops special tokens that are no end of turn. What a person chose to keep stays: that is worth a note only."""
    trained = verdicts.keep & ((table.marks & np.uint8(Mark.SPECIAL)) != 0) & ~_ends(table)
    chosen = trained & overrides.KEEPS[verdicts.hand]
    if trained.any() and np.array_equal(chosen, trained):
        return "note", ", kept by hand", None
    shielded = trained & ~chosen & ((table.marks & np.uint8(Mark.FINAL_ANSWER)) != 0)
    rule = ByClass(action="drop", role="special").model_dump(mode="json")
    change: dict[str, Any] = {"overrides": [*verdicts.thresholds.model_dump(mode="json")["overrides"], rule]}
    if not verdicts.thresholds.protect_eos:
        change["protect_eos"] = True
    if shielded.any() and verdicts.thresholds.protect_final_answer:
        change["protect_final_answer"] = False
    return "stop", "", Fix("Drop them", "thresholds", change, overrides="--always-drop special")


def relax(table: ScoreTable, verdicts: Verdicts, least: float) -> tuple[str, Fix | None]:
    """What drops most, in words, and the smallest change of it that keeps `least` of the run's response tokens."""
    total = int(table.trainable_counts.sum())
    bits = verdicts.bits
    dropped = {name: int(np.count_nonzero(bits & np.uint8(bit))) for name, bit in REASONS.items()}
    worst = max(dropped, key=lambda name: dropped[name])
    if not dropped[worst]:
        return "", None
    named = {HAND: "what was decided by hand", STRATEGY: "the strategy"}
    told = f"{TITLES.get(worst) or named[worst]} drops {percent(dropped[worst] / total)}"
    for fix in _relaxed(verdicts.thresholds, worst):
        relaxed = settings(Thresholds, verdicts.thresholds.model_dump() | fix.change)
        if np.count_nonzero(strategies.judge(table, relaxed).keep) >= least * total:
            return f" ({told})", fix
    return f" ({told})", None


def _relaxed(thresholds: Thresholds, worst: str) -> Iterator[Fix]:
    """Changes that drop less, the smallest first."""
    by_hand = [override for override in thresholds.model_dump(mode="json")["overrides"] if override["action"] == "keep"]
    if worst == STRATEGY:
        yield Fix("Let the three attributes decide", "thresholds", {"strategy": {"kind": "xtf"}})
    elif worst in ATTRIBUTES:
        usual = getattr(Thresholds(), worst)
        if getattr(thresholds, worst) != usual:
            yield Fix(f"{TITLES[worst]} as in the default preset", "thresholds", {worst: usual.model_dump(mode="json")})
        yield Fix(f"Switch {TITLES[worst].lower()} off", "thresholds", {worst: {"kind": "off"}})
    else:
        yield Fix("Drop nothing by hand", "thresholds", {"overrides": by_hand})
    ours = {} if thresholds.strategy.kind == "xtf" else {"strategy": {"kind": "xtf"}}
    off = {name: {"kind": "off"} for name in ATTRIBUTES}
    yield Fix("Drop nothing", "thresholds", {**ours, **off, "overrides": by_hand})
