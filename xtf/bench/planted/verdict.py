"""What a bench with planted noise comes to, in plain words that follow from its figures."""

import math
from collections.abc import Iterable, Sequence

from xtf.bench.planted.candidates import SCORES
from xtf.bench.planted.kinds import AMONG_DIGITS, ANY, COLUMNS, KINDS
from xtf.bench.planted.ranking import AUROC
from xtf.bench.planted.result import Drop, Result
from xtf.evaluation.statistics import Estimate
from xtf.words import TITLES, count, percent, short

CHANCE = 0.5
#: A pilot's AUROCs (METHOD of this project) on 12 worked maths answers, in the order of KINDS.
PILOT = {"novelty": (0.36, 0.22, 0.13, 0.00), "relevance": (0.72, 0.73, 0.21, 0.96)}
_DEFAULT = "xtf-corrected"
#: What is told of: wrong digits beside right ones alone.
_TOLD = {AMONG_DIGITS if kind == "wrong_digit" else kind: words for kind, words in KINDS.items()}


def side(figure: Estimate, chance: float = CHANCE) -> int:
    """1 above chance, -1 below, 0 where the interval does not tell."""
    return 1 if figure.low > chance else -1 if figure.high < chance else 0


def headline(found: Result) -> str:
    """Which kinds some score of XTF finds, and which none does, over all data sets."""
    finders = {kind: [name for name in SCORES if _side(found, name, kind) > 0] for kind in _TOLD}
    seen = [_TOLD[kind].words for kind, names in finders.items() if names]
    missed = [_TOLD[kind].words for kind, names in finders.items() if not names]
    if not seen:
        return "No score of XTF finds any kind of planted noise better than chance."
    told = f"Low scores find {listed(seen)} better than chance"
    return f"{told}; no score finds {listed(missed, 'or')}." if missed else f"{told}: all that was planted."


def sentences(found: Result) -> list[str]:
    """What each score finds, then what the default preset does with it. In plain text."""
    told = [sentence for name in SCORES if (sentence := _of_score(found, name))]
    drop = found.drop(found.overview, _DEFAULT)
    return [*told, *_best(found), *([_of_filter(drop)] if drop else [])]


def basis(found: Result) -> str:
    """What the verdict rests on."""
    fields = listed([one.title.lower() if one.name == one.title.lower() else one.title for one in found.sets])
    planted, tokens = sum(sum(one.planted.values()) for one in found.sets), sum(one.tokens for one in found.sets)
    return (f"Measured with {short(found.model)} on {count(sum(one.examples for one in found.sets))} examples of "
            f"{fields}; {count(planted)} of {count(tokens)} response tokens are planted. In brackets is the AUROC; "
            "what is called better or worse than chance has a 95 % interval over examples that excludes it.")


def listed(words: Sequence[str], joint: str = "and") -> str:
    """`a, b and c`"""
    return f" {joint} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def interval(figure: Estimate, digits: int = 2) -> str:
    """`0.72 [0.70, 0.74]`; without brackets where there is no interval."""
    if math.isnan(figure.value):
        return "—"
    whole = f"{figure.value:.{digits}f}"
    return whole if math.isnan(figure.low) else f"{whole} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


def shares(figure: Estimate) -> str:
    """`27 % [25, 29]`"""
    if math.isnan(figure.value):
        return "—"
    whole = f"{100 * figure.value:.0f} %"
    return whole if math.isnan(figure.low) else f"{whole} [{100 * figure.low:.0f}, {100 * figure.high:.0f}]"


def _side(found: Result, signal: str, kind: str) -> int:
    cell = found.cell(found.overview, signal, kind)
    return side(cell.metrics[AUROC]) if cell else 0


def _of_score(found: Result, name: str) -> str:
    """`Task relevance finds random words (0.96) and boilerplate (0.62); worse than chance: wrong digits (0.18).`"""
    by_side: dict[int, list[str]] = {1: [], 0: [], -1: []}
    for kind in _TOLD:
        if cell := found.cell(found.overview, name, kind):
            by_side[side(cell.metrics[AUROC])].append(f"{COLUMNS[kind].words} ({cell.metrics[AUROC].value:.2f})")
    if not any(by_side.values()):
        return ""
    finds, chance, worse = (listed(by_side[one]) for one in (1, 0, -1))
    told = f"{TITLES[name]} finds {finds or 'none of the noise'}"
    told += f"; no better than chance: {chance}" if chance else ""
    told += f"; worse than chance, it would rather keep: {worse}" if worse else ""
    return f"{told}.{_NOVELTY if name == 'novelty' and worse else ''}"


def _best(found: Result) -> list[str]:
    """Which signal of all does best over all kinds; those that rank alike share the place."""
    cells = {name: cell.metrics[AUROC] for name in found.signals if (cell := found.cell(found.overview, name, ANY))}
    if len(cells) <= len(SCORES):
        return []
    most = max(cells.values(), key=lambda one: one.value)
    names = [found.signals[name] for name, one in cells.items() if one.value == most.value]
    return [f"Of all signals, that of {listed(names)} ranks planted noise best, all kinds together ({most.value:.2f})."]


_NOVELTY = " Novelty keeps what surprises the model, wrong tokens too."


def _of_filter(drop: Drop) -> str:
    """The default preset beside random at the same share."""
    any_kind = drop.recall[ANY]
    beats = {1: "more than", 0: "about as much as", -1: "less than"}[side(any_kind, drop.share)]
    kinds = listed([f"{percent(drop.recall[kind].value, 0)} of {KINDS[kind].words}" for kind in KINDS
                    if not math.isnan(drop.recall[kind].value)])
    return (f"The preset corrected drops {percent(drop.share, 0)} of the response tokens, and with them "
            f"{percent(any_kind.value, 0)} of the planted ones, {beats} random dropping of the same share would: "
            f"{kinds}. Of what it drops, {percent(drop.precision.value, 0)} was planted; of all response tokens, "
            f"{percent(drop.chance, 0)} were.")


def rows(found: Result, data: str, signals: Iterable[str]) -> list[list[str]]:
    """AUROC of each signal against each kind, with intervals, as text."""
    return [[found.signals[name], *(interval(cell.metrics[AUROC]) if (cell := found.cell(data, name, kind)) else "—"
                                    for kind in COLUMNS)] for name in signals]
