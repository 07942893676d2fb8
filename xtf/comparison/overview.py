"""All comparisons of the workspace at a glance: task by method, as the paper's main table has it.

Each cell is of the newest comparison that has it, and says which one that is, or why there is none.
"""

from collections.abc import Sequence
from typing import NamedTuple

from xtf.comparison import gains, paper
from xtf.comparison.budget import NORMAL
from xtf.comparison.metrics import CORRECT
from xtf.comparison.result import Result, Row
from xtf.evaluation.statistics import Difference, Estimate

TASKS = {"maths": "Maths", "medicine": "Medicine", "code": "Code"}


class Method(NamedTuple):
    """A line of the table: its name, and the arms that stand for it, the first that there is."""

    title: str
    arms: tuple[str, ...]


METHODS = (Method("Normal", ("normal",)), Method("Data filtering", ("df-ifd", "df-perplexity")),
           Method("Token cleaning", ("token-cleaning", "self-evolving")), Method("XTF", ("xtf",)))


class Cell(NamedTuple):
    """One method on one task. `estimate` and `gain` (over normal of the same comparison) are shares, `paper` is %."""

    task: str
    method: str
    comparison: str  # "" where none has it
    arm: str  # which of the method's arms it is
    estimate: Estimate | None
    gain: Difference | None
    paper: float | None
    why: str  # there is none


def overview(results: Sequence[Result]) -> list[Cell]:
    """A cell for each task and method, task by task. `results`: of all comparisons, the newest first."""
    return [_cell([one for one in results if one.task == task], task, method) for task in TASKS for method in METHODS]


def _cell(results: list[Result], task: str, method: Method) -> Cell:
    published = paper.accuracy(task, method.arms[0])
    for found in results:
        for row in _rows(found, method):
            figure = row.figures[CORRECT]
            return Cell(task, method.title, found.name, row.title, figure.estimate, figure.against.get(NORMAL),
                        published, "")
    return Cell(task, method.title, "", "", None, None, published, _why(results, task, method))


def _rows(found: Result, method: Method) -> list[Row]:
    rows = [row for arm in method.arms if (row := found.row(arm)) is not None]
    return [row for row in rows if CORRECT in row.figures]


def _why(results: list[Result], task: str, method: Method) -> str:
    if not results:
        return f"No comparison of {TASKS[task].lower()} has marked answers yet."
    for found in results:
        for arm in method.arms:
            if found.row(arm) is not None:
                return gains.why(found, arm, CORRECT)
    return f"No comparison of {TASKS[task].lower()} has the arm {' or '.join(method.arms)}."
