"""What a run and a finished comparison of it have measured, as inputs of the return. Imports no PyTorch.

Only what was measured once is told as one number; what was measured with several seeds is told as the range of these.
"""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from xtf.comparison import verdict
from xtf.comparison.arms import states
from xtf.comparison.budget import Budget
from xtf.comparison.folder import BASE, Comparison, list_comparisons
from xtf.comparison.metrics import CORRECT, LOSS, METRICS
from xtf.comparison.result import Result, Row
from xtf.config import Thresholds
from xtf.errors import XtfError
from xtf.evaluation.statistics import Difference
from xtf.progress import duration
from xtf.runs import Run
from xtf.store import Manifest
from xtf.value.settings import Amount, Part, Rate, Spread
from xtf.words import count, percent

ENOUGH = 3  # seeds


class Measured(NamedTuple):
    """A value of an input, and where it was measured, in a sentence."""

    value: Any
    told: str


@dataclass(frozen=True)
class Compared:
    """What a finished comparison says of the strategy that it puts to the test. Times by seed, in order of seeds."""

    name: str
    title: str
    thresholds: Thresholds
    kept_share: float | None
    epochs: float
    seconds: list[tuple[float, float]]  # of normal fine-tuning, of the strategy's: those that both have
    speeds: list[float]  # tokens a second of normal fine-tuning
    words: str  # what is marked: `exact match`
    against: dict[tuple[str, str], Difference]  # (metric, control) → how much higher the strategy is
    budget: Budget = "raw"  # what its arms had in common (`xtf.comparison.budget`)

    @property
    def ratios(self) -> list[float]:
        """Time of the strategy's fine-tunes as multiples of the normal ones', seed by seed."""
        return [ours / normal for normal, ours in self.seconds]

    def difference(self, metric: str, control: str) -> Difference | None:
        """None where it was not measured; where it was, it has an interval."""
        found = self.against.get((metric, control))
        return found if found and not math.isnan(found.low) else None


def finished(run: Run) -> list[Comparison]:
    """The comparisons of this run that are done, newest first. A damaged one is passed over."""
    found = []
    for comparison in list_comparisons():
        with suppress(XtfError, KeyError, OSError):
            if comparison.asked["run_id"] == run.manifest.run_id and all(
                    state.state == "done" for state in states(comparison)):
                found.append(comparison)
    return found


def compared(comparison: Comparison, found: Result) -> Compared | None:
    """None where no strategy was put to the test beside normal fine-tuning."""
    row, normal = _tested(found), found.row("normal")
    if row is None or normal is None:
        return None
    seconds, speeds = _times(comparison, found, row.name)
    return Compared(
        name=found.name, title=row.title, thresholds=comparison.thresholds, kept_share=row.share,
        epochs=comparison.training.epochs, seconds=seconds, speeds=speeds, words=verdict.words(CORRECT, found),
        against={(metric, control): figure.against[control] for metric, figure in row.figures.items()
                 for control in verdict.CONTROLS if control in figure.against}, budget=comparison.settings.budget)


def _tested(found: Result) -> Row | None:
    """XTF at the thresholds themselves, else the first strategy that is no control."""
    others = [row for row in found.rows if row.name != BASE and row.name.partition("-")[0] not in verdict.CONTROLS]
    return next((row for row in others if row.name == "xtf"), others[0] if others else None)


def _times(comparison: Comparison, found: Result, name: str) -> tuple[list[tuple[float, float]], list[float]]:
    taken = {(state.arm.strategy, state.arm.seed): state.cost.seconds for state in found.arms if state.cost}
    seconds = [(of_normal, taken[name, seed]) for (strategy, seed), of_normal in taken.items()
               if strategy == "normal" and (name, seed) in taken and of_normal > 0]
    return seconds, list(_speeds(comparison))


def _speeds(comparison: Comparison) -> Iterator[float]:
    for arm in comparison.arms:
        made = comparison.trained(arm) if arm.strategy == "normal" else None
        metrics = made.metrics() if made else None
        if metrics is not None and len(metrics) and metrics["seconds"].iloc[-1] > 0:
            yield float(metrics["tokens"].iloc[-1] / metrics["seconds"].iloc[-1])


def measured(manifest: Manifest, kept_share: float | None, found: Compared | None) -> dict[str, Measured]:
    """Input → what was measured of it. kept_share: at the thresholds of now."""
    return {**_of_run(manifest, kept_share), **(_of_comparison(found) if found else {})}


def _of_run(manifest: Manifest, kept_share: float | None) -> dict[str, Measured]:
    tokens, made = manifest.counts.get("tokens", 0), {}
    if tokens:
        made["tokens"] = Measured(_same(Amount, tokens), f"All tokens of the run {manifest.name}.")
    if tokens and manifest.complete and manifest.seconds > 0:
        made["score_speed"] = Measured(
            _same(Rate, max(0.01, tokens / manifest.seconds)),
            f"{count(tokens)} tokens of the run {manifest.name} were scored in {duration(manifest.seconds)}, once.")
    if kept_share is not None:
        made["kept_share"] = Measured(_same(Part, kept_share), "What the thresholds of now keep of this run.")
    return made


def _of_comparison(found: Compared) -> dict[str, Measured]:
    made = {"epochs": Measured(_same(Amount, found.epochs), f"As in the comparison {found.name}.")}
    if found.speeds:
        made["train_speed"] = Measured(
            _over(Rate, found.speeds), f"Normal fine-tuning in the comparison {found.name}, {_seeds(found.speeds)}.")
    if found.ratios:
        likely = sum(ours for _, ours in found.seconds) / sum(normal for normal, _ in found.seconds)
        kept = f", where {percent(found.kept_share)} were kept" if found.kept_share is not None else ""
        made["time_ratio"] = Measured(
            _over(Amount, found.ratios, likely), f"{found.title} against normal fine-tuning in the comparison "
                                                 f"{found.name}, {_seeds(found.ratios)}{kept}.")
        made["time_by"] = Measured("ratio", f"The comparison {found.name} measured it.")
    if (difference := found.difference(CORRECT, "normal")) is not None:
        made["accuracy"] = _accuracy(found, difference)
    return made


def _accuracy(found: Compared, difference: Difference) -> Measured:
    """In points. A difference that is not shown counts as none that is likely; its interval is the range."""
    metric = METRICS[CORRECT]
    shown = verdict.sign(difference, metric) != 0
    likely = difference.value if shown else 0.0
    low, high = min(difference.low, likely), max(difference.high, likely)
    told = f"{found.title} against normal fine-tuning on {found.words} in the comparison {found.name}: " \
           f"{verdict.told(difference, metric)}."
    tie = "" if shown else " That is a tie: none is likely."
    return Measured(Spread(low=metric.scale * low, likely=metric.scale * likely, high=metric.scale * high), told + tie)


def worse_loss(found: Compared) -> Difference | None:
    """The difference in held-out loss to normal fine-tuning where it is shown to be worse."""
    loss = found.difference(LOSS, "normal")
    return loss if loss is not None and verdict.sign(loss, METRICS[LOSS]) < 0 else None


def _same(kind: type[Any], value: float) -> Any:
    return kind(low=value, likely=value, high=value)


def _over(kind: type[Any], values: list[float], likely: float | None = None) -> Any:
    likely = sum(values) / len(values) if likely is None else likely
    return kind(low=min(*values, likely), likely=likely, high=max(*values, likely))


def _seeds(values: list[float]) -> str:
    """How often it was measured."""
    return "one seed" if len(values) == 1 else f"lowest to highest of {len(values)} seeds"
