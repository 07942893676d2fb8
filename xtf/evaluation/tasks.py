"""The literal table of tasks: what is taken from an answer, and when it is right."""

from collections.abc import Callable
from dataclasses import dataclass

from xtf.errors import EvaluationError
from xtf.evaluation import code, maths, medicine


@dataclass(frozen=True)
class Task:
    """How answers are marked. `extract` takes from an answer, and from the reference, what is compared."""

    title: str
    metric: str
    extract: Callable[[str], str | None]  # None: it states no answer, which is wrong; in a reference, it is not marked
    correct: Callable[[str, str], bool] | None  # of answer and reference; None: the problem's tests decide
    formats: tuple[str, ...]  # of data, for which it is taken by itself


TASKS: dict[str, Task] = {
    "maths": Task("Maths", "exact match", maths.extract, maths.correct, ("gsm8k", "numinamath")),
    "medicine": Task("Medicine", "accuracy", medicine.extract, medicine.correct, ("pubmedqa",)),
    "code": Task("Code", "pass@k", code.extract, None, ("humaneval",)),
}


def task_of(wanted: str, data_format: str) -> str:
    """The name of the task, `auto` decided; none where answers of such data cannot be marked. Raises: EvaluationError
    for a name that is not in the table."""
    if wanted in TASKS or wanted == "none":
        return wanted
    if wanted != "auto":
        raise EvaluationError(f"There is no task {wanted}; there are {', '.join(TASKS)}, none and auto.")
    return next((name for name, task in TASKS.items() if data_format in task.formats), "none")


def metric(name: str, pass_k: int = 1) -> str:
    """What `correct` measures, in words."""
    return TASKS[name].metric.replace("@k", f"@{pass_k}") if name in TASKS else ""
