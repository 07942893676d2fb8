"""What a comparison has found so far: a row for the base model and one for each strategy. Imports no PyTorch."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from xtf import runs
from xtf.comparison import correction, metrics, variants
from xtf.comparison.arms import ArmState, states
from xtf.comparison.folder import BASE, Arm, Comparison
from xtf.comparison.metrics import METRICS, Values
from xtf.errors import StoreError
from xtf.evaluation import result as evaluations
from xtf.evaluation import tasks
from xtf.evaluation.result import Evaluation
from xtf.evaluation.statistics import Difference, Estimate


@dataclass(frozen=True)
class Figure:
    """One metric of one row: over all seeds with its 95 % interval over items, of each seed, and how much higher it is
    than that of each reference. In nats, or as a share."""

    estimate: Estimate
    seeds: list[float]
    against: dict[str, Difference]


@dataclass(frozen=True)
class Row:
    """One strategy, or the base model. Averages over the seeds that are there."""

    name: str
    title: str
    wanted: int  # seeds asked for; of the base model one evaluation
    seeds: tuple[int, ...]  # those evaluated
    figures: dict[str, Figure] = field(default_factory=dict)
    trained: float | None = None  # tokens that the loss sees in one pass over the data
    share: float | None = None  # of all response tokens
    epochs: float | None = None  # passes over its data
    preparation: float | None = None  # seconds that the strategy took before: scoring, reference models, other passes
    seconds: float | None = None  # of one training
    memory: float | None = None  # bytes, at most
    missing: list[str] = field(default_factory=list)  # why cells are missing, a sentence each


@dataclass(frozen=True)
class Result:
    """Everything that is known of a comparison."""

    name: str
    held_out: str | None
    budget: str  # raw, kept, clock: what the arms have in common
    task: str  # none, maths, medicine, code
    marks: str  # what `correct` measures, in words
    examples: int  # of the held-out data
    marked: int  # of them with an answer that was marked
    tokens: int  # response tokens of the held-out data
    rows: list[Row]
    arms: list[ArmState]
    notes: list[str]

    @property
    def done(self) -> bool:
        """Whether every arm is trained and evaluated."""
        return all(row.seeds and len(row.seeds) == row.wanted for row in self.rows)

    @property
    def metric(self) -> str:
        """What decides: the task's answers where some were marked, else the loss on all response tokens."""
        return metrics.CORRECT if self.marked else metrics.LOSS

    def row(self, name: str) -> Row | None:
        return next((row for row in self.rows if row.name == name), None)


def result(comparison: Comparison) -> Result:
    """What there is of it now. Raises: StoreError if something is damaged."""
    found = _evaluations(comparison)
    base = found[BASE].get(0)
    some = base or next((one for of in found.values() for one in of.values()), None)
    arms = states(comparison)
    rows = _corrected([_row(comparison, name, found, arms) for name in (BASE, *comparison.settings.strategies)])
    items = some.items if some else pd.DataFrame({"correct": [], "tokens": []})
    return Result(name=comparison.name, held_out=comparison.held_out,
                  budget=comparison.settings.budget, task=some.task if some else "none",
                  marks=tasks.metric(some.task, comparison.evaluation.pass_k) if some else "", examples=len(items),
                  marked=int(items["correct"].notna().sum()), tokens=int(items["tokens"].sum()), rows=rows, arms=arms,
                  notes=list(comparison.record["notes"]))


def _corrected(rows: list[Row]) -> list[Row]:
    """The same with p adjusted for all that is tested by one metric."""
    for key in METRICS:
        tested = {row.name: row.figures[key].against for row in rows if key in row.figures}
        for name, against in correction.corrected(tested, outside=BASE).items():
            figures = next(row.figures for row in rows if row.name == name)
            figures[key] = replace(figures[key], against=against)
    return rows


def evaluation(comparison: Comparison, arm: Arm | None) -> Evaluation | None:
    """That of an arm or (None) of the base model; None where there is none yet, or one of something else. Raises:
    StoreError if it is damaged."""
    if comparison.held_out is None:
        return None
    made = comparison.trained(arm) if arm else None
    folder = comparison.base if arm is None else made.evaluation(comparison.held_out) if made else None
    if folder is None or not evaluations.exists(folder):
        return None
    found = evaluations.read(folder)
    return found if comparison.asked_for(found, runs.open_run(comparison.held_out)) else None


def _evaluations(comparison: Comparison) -> dict[str, dict[int, Evaluation]]:
    """Strategy → seed → evaluation; that of the base model is under seed 0."""
    base = evaluation(comparison, None)
    found: dict[str, dict[int, Evaluation]] = {BASE: {0: base} if base else {}}
    for arm in comparison.arms:
        of = found.setdefault(arm.strategy, {})
        if one := evaluation(comparison, arm):
            of[arm.seed] = one
    ids = [one.items["id"].tolist() for of in found.values() for one in of.values()]
    if any(other != ids[0] for other in ids):
        raise StoreError(f"The evaluations of comparison {comparison.name} are not of the same examples: delete it "
                         f"with `xtf compare --delete {comparison.name}` and compare again.")
    return found


def _row(comparison: Comparison, name: str, found: dict[str, dict[int, Evaluation]], arms: list[ArmState]) -> Row:
    own = found[name]
    of = [state for state in arms if state.arm.strategy == name]
    cost = _cost([state for state in of if state.arm.seed in own])
    missing = [f"{state.arm.label}: {state.why}" for state in of if state.why]
    return Row(name=name, title="Base model" if name == BASE else variants.title(name),
               wanted=1 if name == BASE else comparison.settings.seeds, seeds=tuple(sorted(own)),
               figures=_figures(name, found), missing=missing, **cost)


def _cost(states: list[ArmState]) -> dict[str, float | None]:
    """Means over the fine-tunes that are there, of memory the most."""
    known = [state.cost for state in states if state.cost]
    if not known:
        return {}
    cost: dict[str, float | None] = {name: float(np.mean([getattr(one, name) for one in known]))
                                     for name in ("trained", "share", "seconds", "epochs")}
    before = [one.preparation for one in known if one.preparation is not None]
    cost["preparation"] = float(np.mean(before)) if before else None
    return cost | {"memory": max(one.memory for one in known)}


def _figures(name: str, found: dict[str, dict[int, Evaluation]]) -> dict[str, Figure]:
    """Every metric that has something to count."""
    own = found[name]
    figures = {}
    for key, metric in METRICS.items():
        if own and len((values := metrics.values_of(metric, list(own.values()))).weights):
            figures[key] = Figure(metrics.estimate(values), metrics.by_seed(values), {
                reference: metrics.difference(*pair) for reference in metric.against
                if reference != name and (pair := _pair(key, name, reference, found))})
    return figures


def _pair(key: str, name: str, reference: str, found: dict[str, dict[int, Evaluation]]
          ) -> tuple[Values, Values] | None:
    """Both at the seeds that both have; None where there is no such seed."""
    own, other = found[name], found.get(reference, {})
    if name == BASE and own:
        own = dict.fromkeys(other, own[0])
    if reference == BASE and other:
        other = dict.fromkeys(own, other[0])
    seeds = sorted(own.keys() & other.keys())
    if not seeds:
        return None
    a, b = (metrics.values_of(METRICS[key], [of[seed] for seed in seeds]) for of in (own, other))
    return (a, b) if a.values.shape == b.values.shape and len(a.weights) else None
