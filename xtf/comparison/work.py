"""The work of a comparison: base model first, then one arm after the other, trained and evaluated.

What is there is not done again, so that the same command goes on where it was stopped.
"""

import gc
from collections.abc import Collection
from dataclasses import dataclass
from typing import get_args

from xtf import filters, preflight, preparing, runs
from xtf.comparison import given, held_out
from xtf.comparison.folder import BASE, Arm, Comparison
from xtf.config import Check, Xtf
from xtf.errors import StoreError, XtfError
from xtf.evaluation import result as evaluations
from xtf.progress import Progress, silent, within
from xtf.runs import Run
from xtf.training import run as training
from xtf.training import source


def compare(comparison: Comparison, *, allow: Collection[str] = (), progress: Progress = silent) -> None:
    """Does what is missing of it. An arm that fails is remembered with its sentence and tried again next time.

    Raises: TrainingError where another process is at it; SettingsError where the held-out data is no fit measure, or
    preflight found what is not in `allow`; ModelError, DataError, StoreError. One with nothing to show is then gone.
    """
    with comparison.locked():
        try:
            _compare(_begun(comparison, allow, progress), progress)
        except XtfError:
            comparison.discard_if_empty()
            raise


@dataclass(frozen=True)
class _Begun:
    """A comparison with what all of its arms share."""

    comparison: Comparison
    run: Run
    held_out: Run
    allow: Collection[str]


def _begun(comparison: Comparison, allow: Collection[str], progress: Progress) -> _Begun:
    run = runs.open_run(comparison.run)
    if run.manifest.run_id != comparison.asked["run_id"]:
        raise StoreError(f"Run {run.name} is not the one that comparison {comparison.name} was begun with: compare "
                         "under another --name.")
    if "xtf" in comparison.settings.strategies:  # before hours of work, not in the midst of it
        table, ours = run.table(), comparison.thresholds.model_copy(update={"strategy": Xtf()})
        preflight.refuse(source.findings(run.manifest, table, filters.judge(table, ours)), allow)
    held = held_out.settled(comparison, run, progress)
    return _Begun(comparison, run, held, allow)


def _compare(begun: _Begun, progress: Progress) -> None:
    _base(begun, within("base model", progress))
    failures: dict[str, str] = {}
    begun.comparison.note(failures=failures)
    for arm in begun.comparison.arms:
        try:
            _arm(begun, arm, within(arm.label, progress))
        except XtfError as error:
            failures[arm.name] = str(error)
            begun.comparison.note(failures=failures)


def _base(begun: _Begun, progress: Progress) -> None:
    """Evaluates the model that scored the run, unless that is done. Raises: XtfError."""
    comparison = begun.comparison
    if _evaluated(begun):
        return
    progress(0, 0, "loading model")
    from xtf.evaluation.evaluate import evaluate  # torch takes seconds to import
    from xtf.evaluation.load import load

    loaded = load(source.of_run(begun.run, comparison.thresholds).model())
    verdicts = filters.judge(begun.held_out.table(), comparison.thresholds)
    evaluate(loaded.model, loaded.tokenizer, begun.held_out, verdicts, comparison.evaluation, comparison.base,
             name=BASE, progress=progress)


def _evaluated(begun: _Begun) -> bool:
    if not evaluations.exists(begun.comparison.base):
        return False
    try:
        return begun.comparison.asked_for(evaluations.read(begun.comparison.base), begun.held_out)
    except StoreError:  # damaged: made again
        return False


def _arm(begun: _Begun, arm: Arm, progress: Progress) -> None:
    """Raises: XtfError."""
    comparison = begun.comparison
    thresholds = comparison.thresholds_of(arm)
    run = preparing.prepare(begun.run, thresholds, comparison.training, progress=progress)
    given.settle(comparison, arm, begun.run, run)
    _forget_memory()
    allow = begun.allow if arm.strategy == "xtf" else get_args(Check)  # others are compared as they are
    made = training.train(run, thresholds, comparison.training_of(arm), arm.name, allow=allow, progress=progress)
    from xtf.evaluation.trained import evaluate_training

    evaluate_training(made, begun.held_out, comparison.evaluation, groups=comparison.thresholds, progress=progress)


def _forget_memory() -> None:
    """Gives the arm before back, and lets the peak of the next one be its own."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
