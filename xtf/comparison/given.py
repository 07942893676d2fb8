"""What each arm is given at the comparison's budget: settled before it starts, and remembered with the comparison."""

from xtf import preparing, strategies
from xtf.comparison import budget
from xtf.comparison.budget import Given, Pass
from xtf.comparison.folder import Arm, Comparison
from xtf.config import Normal, Slm, Thresholds
from xtf.errors import SettingsError, TrainingError
from xtf.runs import Run


def settle(comparison: Comparison, arm: Arm, scored: Run, run: Run) -> None:
    """Remembers passes and preparation of an arm, unless that is done. `scored`: the run that the comparison is of;
    `run`: the one that the arm is trained on. Raises: TrainingError where the budget leaves nothing; SettingsError;
    StoreError."""
    if comparison.given(arm) is None:
        thresholds = comparison.thresholds_of(arm)
        before = _preparation(scored, run, thresholds)
        comparison.give(arm, Given(_epochs(comparison, arm, scored, run, thresholds, before), before))


def _preparation(scored: Run, run: Run, thresholds: Thresholds) -> float:
    """Seconds that a strategy takes before training: scoring, where it goes by scores, and what it was prepared by."""
    scoring = 0.0 if thresholds.strategy.kind in budget.UNSCORED else scored.manifest.seconds
    return round(scoring + preparing.seconds(run, thresholds), 2)


def _epochs(comparison: Comparison, arm: Arm, scored: Run, run: Run, thresholds: Thresholds, preparation: float
            ) -> float:
    usual, kind = comparison.training.epochs, comparison.settings.budget
    if kind == "raw" or arm.strategy == budget.NORMAL:
        return usual
    mine = _pass(run, thresholds)
    if kind == "kept":
        return budget.by_tokens(usual, _pass(scored, Thresholds(strategy=Normal())), mine)
    seconds, pace = _measured(comparison, arm)
    return budget.by_clock(seconds, preparation, pace * budget.PACES.get(thresholds.strategy.kind, 1.0), mine)


def _pass(run: Run, thresholds: Thresholds) -> Pass:
    table, strategy = run.table(), thresholds.strategy
    if isinstance(strategy, Slm):  # it reads all and selects in each batch
        return budget.one_pass(table.trainable, table.offsets, strategy.keep)
    found = budget.one_pass(strategies.judge(table, thresholds).keep, table.offsets)
    if not found.trained:
        raise SettingsError("It keeps no token of this run, so there is nothing to train.")
    return found


def _measured(comparison: Comparison, arm: Arm) -> tuple[float, float]:
    """Seconds of normal fine-tuning at the arm's seed, and of one token that it read."""
    normal = next(one for one in comparison.arms if (one.strategy, one.seed) == (budget.NORMAL, arm.seed))
    made = comparison.trained(normal)
    if made is None or not made.done or made.metrics().empty:
        raise TrainingError(f"{normal.label} is not trained, and at equal wall clock every arm is measured by it.")
    last = made.metrics().iloc[-1]
    return float(last["seconds"]), float(last["seconds"]) / float(last["tokens"])
