"""How far each arm is, read off its folders: waiting, begun, trained, done or failed."""

from dataclasses import dataclass
from typing import Any, Literal

from xtf.comparison.budget import Given
from xtf.comparison.folder import Arm, Comparison
from xtf.evaluation import result as evaluations
from xtf.training.folder import Training

State = Literal["waiting", "begun", "trained", "done", "failed"]


@dataclass(frozen=True)
class Cost:
    """What a finished fine-tune took."""

    trained: int  # tokens that the loss sees in one pass over the data
    share: float  # of all response tokens
    seconds: float
    memory: float  # bytes, at most; on a CPU of the whole process, so far
    epochs: float  # passes over its data
    preparation: float | None  # seconds that its strategy took before; None where nobody noted it


@dataclass(frozen=True)
class ArmState:
    """One arm as it stands now."""

    arm: Arm
    state: State
    step: int = 0
    steps: int = 0  # in all; 0 while that is not known
    loss: float | None = None  # nats a trained token, of the last step: not comparable between strategies
    why: str = ""  # it failed, in a sentence
    cost: Cost | None = None


def states(comparison: Comparison) -> list[ArmState]:
    """All arms, in the order in which they are made. Raises: StoreError."""
    record = comparison.record
    return [_state(comparison, arm, record) for arm in comparison.arms]


def _state(comparison: Comparison, arm: Arm, record: dict[str, Any]) -> ArmState:
    why = record["failures"].get(arm.name, "")
    made = comparison.trained(arm)
    if made is None:
        return ArmState(arm, "failed" if why else "waiting", why=why)
    metrics, counts = made.metrics(), made.record["counts"]
    last = metrics.iloc[-1] if len(metrics) else None
    return ArmState(arm, "failed" if why else _of(made, record["held_out"]), step=len(metrics),
                    steps=int(counts.get("steps", 0)), loss=None if last is None else float(last["loss"]), why=why,
                    cost=_cost(made, last, comparison.given(arm)) if made.done else None)


def _of(made: Training, held_out: str | None) -> State:
    if not made.done:
        return "begun"
    return "done" if held_out and evaluations.exists(made.evaluation(held_out)) else "trained"


def _cost(made: Training, last: Any, given: Given | None) -> Cost | None:
    counts = made.record["counts"]
    if last is None or not counts:
        return None
    return Cost(counts["trained"], counts["kept_share"], float(last["seconds"]), float(last["memory"]),
                made.settings.epochs, given.preparation if given else None)
