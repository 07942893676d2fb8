"""Which answers are right: by what they state, or by running the tests of the problem."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from xtf.errors import EvaluationError
from xtf.evaluation import code, sandbox
from xtf.evaluation.settings import EvaluationSettings
from xtf.evaluation.tasks import TASKS
from xtf.progress import Progress, silent

RUNNING = "running code"


def check(task: str, ids: Sequence[str], settings: EvaluationSettings) -> None:
    """Before hours of answering: can answers to these examples be marked? Raises: EvaluationError, DataError."""
    if task != "code" or not settings.run_code:
        return
    sandbox.check()
    if unknown := [id_ for id_ in ids if id_ not in code.problems()]:
        raise EvaluationError(f"Example {unknown[0]} is no problem of HumanEval, so there are no tests to run: choose "
                              "--task none, or evaluate on humaneval.")


def mark(task: str, ids: Sequence[str], references: Sequence[str], written: Sequence[Sequence[str]],
         settings: EvaluationSettings, progress: Progress = silent) -> dict[str, Any]:
    """The columns correct float64[N], answer and expected [N] of N examples, each with one or more written answers.

    Of several answers, `correct` is the share that is right, or for code the estimate of pass@k. It is NaN where there
    is no task, where the reference states nothing to compare with, and for code that is not to be run. Raises:
    EvaluationError; what `check` finds is looked for there.
    """
    if task not in TASKS:
        nothing = [""] * len(ids)
        return {"correct": np.full(len(ids), np.nan), "answer": nothing, "expected": nothing}
    of = TASKS[task]
    extracted = [[of.extract(text) for text in texts] for texts in written]
    columns: dict[str, Any] = {"answer": [texts[0] or "" for texts in extracted]}
    if of.correct is None:
        return columns | {"correct": _passed(ids, extracted, settings, progress), "expected": list(references)}
    expected = [of.extract(reference) for reference in references]
    right = [np.nan if wanted is None else np.mean([said is not None and of.correct(said, wanted) for said in texts])
             for texts, wanted in zip(extracted, expected)]
    return columns | {"correct": np.array(right, float), "expected": [wanted or "" for wanted in expected]}


def _passed(ids: Sequence[str], written: Sequence[Sequence[str | None]], settings: EvaluationSettings,
            progress: Progress) -> np.ndarray:
    """float64[N]: estimates of pass@k; NaN where code is not to be run."""
    if not settings.run_code:
        return np.full(len(ids), np.nan)
    problems = code.problems()

    def passed(number: int) -> float:
        right = sum(code.run(problems[ids[number]], text or "").passed for text in written[number])
        return code.pass_at_k(len(written[number]), right, settings.pass_k)

    found, pool = [], ThreadPoolExecutor(os.cpu_count())  # each thread waits for a process
    try:
        for done, value in enumerate(pool.map(passed, range(len(ids))), 1):
            found.append(value)
            progress(done, len(ids), RUNNING)
    finally:
        pool.shutdown(cancel_futures=True)  # one who cancels does not wait for the rest
    return np.array(found, float)
