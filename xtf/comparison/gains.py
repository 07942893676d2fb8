"""What strategies gain over normal fine-tuning, and what each attribute brings: ours, with the paper's beside them."""

from typing import NamedTuple

from xtf.comparison import paper
from xtf.comparison.budget import NORMAL
from xtf.comparison.folder import BASE
from xtf.comparison.metrics import CORRECT
from xtf.comparison.result import Result, Row
from xtf.evaluation.statistics import Difference, Estimate


class Gain(NamedTuple):
    """How much higher one strategy is than normal fine-tuning. None where it is not known, which `why` explains."""

    name: str
    title: str
    difference: Difference | None
    paper: float | None  # points; the paper's, where it has this method for this task
    why: str = ""


class Part(NamedTuple):
    """One line of the ablation: which attributes drop tokens, and what comes of it."""

    attributes: str
    arm: str
    estimate: Estimate | None
    paper: float  # %, average over its tasks
    why: str = ""


#: Attributes that drop tokens, in the paper's order → our arm.
ABLATION = dict(zip(paper.ABLATION, (NORMAL, "xtf-ri", "xtf-kn", "xtf-tr", "xtf-ri-kn", "xtf-ri-tr", "xtf-kn-tr",
                                     "xtf"), strict=True))


def gains(found: Result, key: str) -> list[Gain]:
    """One for each strategy but normal, by one metric. The paper's stand beside accuracy alone."""
    return [Gain(row.name, row.title, row.figures[key].against.get(NORMAL) if key in row.figures else None,
                 paper.gain(found.task, row.name) if key == CORRECT else None, _no_gain(found, row, key))
            for row in found.rows if row.name not in (BASE, NORMAL)]


def ablation(found: Result, key: str) -> list[Part]:
    """What there is of the attribute ablation, all eight lines."""
    parts = []
    for attributes, arm in ABLATION.items():
        row = found.row(arm)
        figure = row.figures.get(key) if row else None
        parts.append(Part(attributes, arm, figure.estimate if figure else None, paper.ABLATION[attributes],
                          "" if figure else why(found, arm, key)))
    return parts


def why(found: Result, arm: str, key: str) -> str:
    """Why a comparison has no figure of an arm, in a sentence."""
    row = found.row(arm)
    if row is None:
        return f"{found.name} has no arm {arm}: add it to a new comparison."
    if row.missing:
        return row.missing[0]
    if not row.seeds:
        return f"{row.title} is not evaluated yet in {found.name}."
    return f"{found.name} has nothing to mark." if key == CORRECT else f"{found.name} did not measure this."


def _no_gain(found: Result, row: Row, key: str) -> str:
    if key not in row.figures:
        return why(found, row.name, key)
    if NORMAL in row.figures[key].against:
        return ""
    normal = found.row(NORMAL)
    return why(found, NORMAL, key) if normal is None or key not in normal.figures else \
        f"{row.title} and normal fine-tuning have no seed in common yet."
