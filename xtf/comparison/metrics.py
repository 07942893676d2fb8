"""What is compared: one line of the table is one column of results, one choice on the page and one plot."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from xtf.comparison.folder import BASE
from xtf.evaluation import statistics
from xtf.evaluation.result import Evaluation
from xtf.evaluation.statistics import Difference, Estimate

LOSS, CORRECT, FORGETTING = "loss", "correct", "unrelated"
#: What every row is held against, paired by seed and item. The base model's one evaluation stands for each seed.
REFERENCES = ("normal", "random")


class Metric(NamedTuple):
    """A figure of a set of evaluations. `of`: an evaluation → values and weights, both float[items]; the figure is the
    weighted mean. An item of weight 0 or of a value NaN does not count."""

    title: str  # as a column; the task's own word for what it marks stands in for that of `correct`
    words: str  # within a sentence
    unit: str
    scale: float  # what is shown is this times what is counted
    higher_is_better: bool
    digits: int  # after the point
    against: tuple[str, ...]  # rows that it is compared with, which takes a second each where items are thousands
    of: Callable[[Evaluation], tuple[np.ndarray, np.ndarray]]
    help: str = ""  # what it is and says, for people
    lacking: str = "nothing was measured"  # why a row may have none of it


def _mean_nats(nats: str, tokens: str) -> Callable[[Evaluation], tuple[np.ndarray, np.ndarray]]:
    def of(found: Evaluation) -> tuple[np.ndarray, np.ndarray]:
        weights = found.items[tokens].to_numpy(float)
        return found.items[nats].to_numpy(float) / np.where(weights > 0, weights, 1), weights
    return of


def _marked(found: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    values = found.items["correct"].to_numpy(float)
    return values, np.isfinite(values).astype(float)


def _unrelated(found: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    """Passages are the items; evaluations of before have none."""
    if found.unrelated is None:
        return np.zeros(0), np.zeros(0)
    weights = found.unrelated["tokens"].to_numpy(float)
    return found.unrelated["nll"].to_numpy(float) / np.where(weights > 0, weights, 1), weights


METRICS: dict[str, Metric] = {
    CORRECT: Metric("Correct", "correct answers", "%", 100, True, 1, REFERENCES, _marked,
                    "Share of the held-out problems whose answer is right.", "no answer was marked"),
    LOSS: Metric("Held-out loss", "held-out loss", "nats", 1, False, 4, REFERENCES, _mean_nats("nll", "tokens"),
                 "Mean over all response tokens of the held-out data, whatever was trained; lower is better."),
    "loss_kept": Metric("Loss, kept", "held-out loss at kept tokens", "nats", 1, False, 4, (),
                        _mean_nats("nll_kept", "kept"), "The same over the tokens that the thresholds keep.",
                        "the thresholds keep no token there"),
    "loss_dropped": Metric("Loss, dropped", "held-out loss at dropped tokens", "nats", 1, False, 4, (),
                           _mean_nats("nll_dropped", "dropped"), "The same over the tokens that the thresholds drop.",
                           "the thresholds drop no token there"),
    FORGETTING: Metric("Forgetting: loss on unrelated text", "the loss on unrelated text", "nats", 1, False, 4,
                       (BASE, *REFERENCES), _unrelated,
                       "Mean over the tokens of 40 short passages that have nothing to do with any task: prose, code, "
                       "dialogue, lists, ten languages. What it rises by above the base model has been forgotten.",
                       "it was evaluated before XTF measured this, so evaluate again under another name"),
}


class Values(NamedTuple):
    """One metric of the evaluations of one strategy: values float[seeds, items] and weights float[items]."""

    values: np.ndarray
    weights: np.ndarray


def values_of(metric: Metric, evaluations: list[Evaluation]) -> Values:
    """The items of each evaluation, at those that count; none where some evaluation has none of them."""
    pairs = [metric.of(one) for one in evaluations]
    if len({len(values) for values, _ in pairs}) > 1:
        return Values(np.zeros((len(pairs), 0)), np.zeros(0))
    values, weights = np.stack([values for values, _ in pairs]), pairs[0][1]
    counts = (weights > 0) & np.isfinite(values).all(axis=0)
    return Values(values[:, counts], weights[counts])


def estimate(found: Values) -> Estimate:
    """The weighted mean over items and seeds, with its 95 % interval over items: of right and wrong answers, of which
    each seed gives the same, Wilson's, which is not empty where all are wrong."""
    one_each, each = bool((found.weights == 1).all()), found.values.mean(axis=0)
    if one_each and np.isin(each, (0, 1)).all():
        return statistics.share(each)
    return statistics.mean(each) if one_each else statistics.ratio(each * found.weights, found.weights)


def by_seed(found: Values) -> list[float]:
    """The weighted mean over items of each seed."""
    total = found.weights.sum()
    return (found.values @ found.weights / total).tolist() if total else []


def difference(a: Values, b: Values) -> Difference:
    """How much higher `a` is than `b`, paired by seed and item."""
    return statistics.paired(a.values, b.values, a.weights)
