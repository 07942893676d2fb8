"""Reference models: fine-tunes of the run's own model whose log-probabilities are added to the run.

    fixed          a plain fine-tune on the first of five parts of the run's examples, called RUN-NAME; or any fine-tune
                   of the run's model that is there already, such as one on other, cleaner data
    self-evolving  that one scores the first part and goes on with the tokens that it keeps of it (RUN-NAME-1), this one
                   scores the second part, and so on

Each is an ordinary fine-tune, so that it can be watched, is resumed where it was stopped, and is not made twice.
"""

import time
from typing import Any

import numpy as np

from xtf.added import reference
from xtf.config import Normal, Thresholds
from xtf.errors import SettingsError
from xtf.progress import Progress, within
from xtf.ranks import highest
from xtf.runs import Run
from xtf.strategies.references import PARTS, parts
from xtf.training import run as training
from xtf.training import source
from xtf.training.folder import Training
from xtf.training.settings import TrainSettings


def add(run: Run, name: str, settings: TrainSettings, given: Training | None, progress: Progress) -> None:
    """Adds the column of a fixed reference model: the one that is given, else one made here. Raises: XtfError."""
    made = _first(run, name, settings, given, progress)
    values, took = _logprobs(made, run, np.arange(len(run.table())), within("reference model", progress))
    run.added.write(reference(name), values, _told([made], settings, took))


def add_evolving(run: Run, name: str, keep: float, settings: TrainSettings, given: Training | None,
                 progress: Progress) -> None:
    """Adds the column of a self-evolving one, which begins as the fixed one: each part by the model that has learnt
    from those before. Raises: XtfError."""
    table, took = run.table(), 0.0
    if len(table) < PARTS:
        raise SettingsError(f"Run {run.name} has {len(table)} examples: self-evolving token cleaning goes through the "
                            f"data in {PARTS} parts and needs at least one for each. Use token-cleaning on so few.")
    of = parts(len(table))
    values = np.full(int(table.offsets[-1]), np.nan, np.float32)
    made = [_first(run, name, settings, given, progress)]
    for part in range(PARTS):
        told = within(f"reference model, part {part + 1} of {PARTS}", progress)
        examples = np.flatnonzero(of == part)
        here = np.repeat(of == part, np.diff(table.offsets))
        values[here], more = _logprobs(made[-1], run, examples, told)
        took += more
        if part < PARTS - 1:
            kept = highest(np.where(here, values - table.column("logprob"), np.float32(np.nan)), keep)
            learnt = source.going_on(run, made[-1], kept, examples, {"part": part, "reference": name})
            made.append(training.train_on(learnt, settings, f"{run.name}-{name}-{part + 1}", progress=told))
    run.added.write(reference(name, evolving=True), values, _told(made, settings, took) | {"keep": keep})


def _first(run: Run, name: str, settings: TrainSettings, given: Training | None, progress: Progress) -> Training:
    """The given fine-tune, else one on all response tokens of the first part."""
    if given is not None:
        given.check_for(run)
        return given
    examples = np.flatnonzero(parts(len(run.table())) == 0)
    everything = source.of_run(run, Thresholds(strategy=Normal()))
    learnt = source.of_examples(everything, examples, {"part": 0, "reference": name})
    return training.train_on(learnt, settings, f"{run.name}-{name}", progress=within("reference model", progress))


def _logprobs(made: Training, run: Run, examples: np.ndarray, progress: Progress) -> tuple[np.ndarray, float]:
    """float32[M'] of the tokens of these examples, and the seconds that it took."""
    started = time.monotonic()
    progress(0, 0, "loading model")
    from xtf.evaluation import losses  # torch takes seconds to import
    from xtf.evaluation.load import load

    found = losses.logprobs(load(made.model, made.result), run, examples.tolist(), progress)
    return found, time.monotonic() - started


def _told(made: list[Training], settings: TrainSettings, scoring: float) -> dict[str, Any]:
    """`seconds`: of training and of scoring together, however often it was stopped in between."""
    trained = sum(float(one.metrics()["seconds"].iloc[-1]) for one in made)
    return {"trainings": [one.name for one in made], "settings": settings.model_dump(),
            "seconds": round(trained + scoring, 2)}
