"""Comparisons made by hand, with evaluations whose figures can be worked out on paper: no model is loaded."""

import json

import pandas as pd

from xtf import runs, workspace
from xtf.comparison import folder
from xtf.comparison.budget import Given
from xtf.comparison.settings import CompareSettings
from xtf.config import Thresholds
from xtf.evaluation import result as evaluations
from xtf.evaluation.result import Evaluation
from xtf.evaluation.settings import EvaluationSettings
from xtf.training import folder as trainings
from xtf.training.settings import TrainSettings

TOKENS, KEPT = (10, 20, 30, 40), (10, 10, 10, 10)
#: Strategy, seed → nats a token on each of four examples (all tokens, kept ones), and which answers are right.
BASE = ((2.0, 2.0, 2.0, 2.0), (2.0, 3.0, 3.0, 3.0), (0, 0, 0, 1))
ARMS = {
    ("normal", 0): ((1.0, 1.0, 1.0, 1.0), (1.0, 1.5, 1.5, 1.5), (1, 1, 0, 0)),
    ("normal", 1): ((1.2, 1.2, 1.2, 1.2), (1.2, 1.5, 1.5, 1.5), (1, 0, 0, 0)),
    ("xtf", 0): ((0.9, 1.0, 1.1, 1.2), (0.9, 1.0, 1.0, 1.0), (1, 1, 1, 0)),
    ("xtf", 1): ((0.9, 1.0, 1.1, 1.2), (0.9, 1.0, 1.0, 1.0), (1, 1, 0, 0)),
    ("random", 0): ((1.0, 1.0, 1.0, 1.0), (1.0, 1.2, 1.2, 1.2), (1, 0, 0, 0)),
    ("random", 1): ((1.0, 1.0, 1.0, 1.0), (1.0, 1.4, 1.4, 1.4), (1, 1, 0, 0)),
}
PASSAGES = (10, 10, 20)  # tokens of unrelated text
#: Strategy → nats a token on each passage.
UNRELATED = {"base": (3.0, 3.0, 3.0), "normal": (3.1, 3.1, 3.1), "xtf": (3.4, 3.4, 3.4), "random": (3.0, 3.2, 3.1)}
PREPARATION = {"normal": 0.0, "xtf": 12.0, "random": 0.0}  # seconds
_SECONDS, _MEMORY, _TRAINED = 60.0, 2e9, {"normal": 1000, "xtf": 750, "random": 750}


def begun(run, held_out, name="helped", seeds=2, task="none", **chosen):
    """A comparison of which nothing is done yet but its held-out run."""
    made = folder.begin(runs.open_run(run), Thresholds(), CompareSettings(seeds=seeds, held_out=held_out, **chosen),
                        TrainSettings(epochs=1), EvaluationSettings(task=task), name)
    made.note(held_out=held_out)
    return made


def finished(run, held_out, values=None, base=BASE, task="maths", text="", **chosen):
    """A comparison with the base model's evaluation and those of the arms in `values`."""
    made = begun(run, held_out, task=task, **chosen)
    evaluate(made, made.base, "base", base, text, UNRELATED["base"])
    for arm in made.arms:
        if (arm.strategy, arm.seed) in (ARMS if values is None else values):
            made.give(arm, Given(made.training.epochs, PREPARATION.get(arm.strategy, 30.0)))
            trained = train(made, arm)
            evaluate(made, trained.evaluation(held_out), arm.name, (values or ARMS)[arm.strategy, arm.seed], text,
                     UNRELATED.get(arm.strategy, UNRELATED["random"]))
    return made


def train(comparison, arm, whole=True):
    """The folder that such a fine-tune leaves behind."""
    thresholds = comparison.thresholds_of(arm)
    made = trainings.begin(arm.name, {
        "run": comparison.run_of(arm), "run_id": comparison.asked["run_id"], "strategy": thresholds.strategy.kind,
        "thresholds": thresholds.model_dump(mode="json"), "settings": comparison.training_of(arm).model_dump()})
    kept = _TRAINED.get(arm.strategy, 600)
    made.note(counts={"examples": 6, "skipped": 0, "tokens": 2000, "trained": kept, "kept_share": kept / 1000,
                      "steps": 4})
    lines = [{"step": step, "epoch": step / 4, "loss": 2.0 / step, "learning_rate": 1e-4, "grad_norm": 1.0,
              "trained": 100 * step, "tokens": 200 * step, "seconds": step * _SECONDS / 4, "memory": _MEMORY}
             for step in range(1, 5 if whole else 3)]
    (made.path / trainings.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    if whole:
        made.result.mkdir()
    return made


def evaluate(comparison, where, model, values, text="", unrelated=None):
    """Writes an evaluation of those values; `text` is what every answer says, `unrelated` nats a token of passages."""
    every, kept, correct = values
    held_out = comparison.held_out
    count = len(every)
    tokens = pd.Series((TOKENS * count)[:count])
    of_kept = pd.Series((KEPT * count)[:count])
    nll, nll_kept = pd.Series(every) * tokens, pd.Series(kept) * of_kept
    items = pd.DataFrame({
        "id": [f"problem {number} {text}" for number in range(count)], "nll": nll, "tokens": tokens,
        "nll_kept": nll_kept, "kept": of_kept, "nll_dropped": nll - nll_kept, "dropped": tokens - of_kept,
        "correct": [float("nan") if right is None else float(right) for right in correct],
        "answer": [str(number) for number in range(count)], "expected": ["1"] * count,
        "generations": [[f"{model} says {number}. {text}"] for number in range(count)]})
    evaluations.save(Evaluation(
        model=model, held_out=held_out, run_id=runs.open_run(held_out).manifest.run_id,
        task="none" if all(right is None for right in correct) else comparison.evaluation.task,
        settings=comparison.evaluation.model_dump(), thresholds=comparison.thresholds.model_dump(mode="json"),
        items=items, seconds=1.0, created=workspace.now(), unrelated=unrelated and _passages(unrelated)), where)


def _passages(nats):
    return pd.DataFrame({"id": [f"prose-{number}" for number in range(3)], "kind": ["prose"] * 3,
                         "nll": [value * tokens for value, tokens in zip(nats, PASSAGES, strict=True)],
                         "tokens": PASSAGES})
