"""What some strategies need beyond the scoring pass: made once, and kept with the run as added columns.

    prepare(run, thresholds, training, progress) → the run to train on; what is there already is not made again
"""

from typing import Any

from xtf import runs, strategies
from xtf.added import ALONE, reference
from xtf.config import Thresholds
from xtf.engine import augmented
from xtf.errors import StoreError
from xtf.preparing import alone, references
from xtf.progress import Progress, silent, within
from xtf.runs import Run
from xtf.training.folder import Training
from xtf.training.settings import TrainSettings
from xtf.words import listed


def prepare(run: Run, thresholds: Thresholds, training: TrainSettings, *, given: Training | None = None,
            progress: Progress = silent) -> Run:
    """Gives `run` what the strategy of `thresholds` lacks, and returns the run to use it on: its augmented one for data
    augmentation, else itself. The reference model is the finished fine-tune `given`, or else trained on a part of the
    run with the settings `training`. Raises: XtfError."""
    strategy: Any = thresholds.strategy
    if not run.complete:
        raise StoreError(f"{run.unfinished} Finish it before you prepare a strategy on it.")
    if strategy.kind == "augment":
        return _augmented(run, progress)
    for column in strategies.STRATEGIES[strategy.kind].needs(strategy):
        if column in run.added:
            _check_same(run, column, given)
            continue
        if column == ALONE:
            alone.add(run, progress)
        elif column == reference(strategy.reference):
            references.add(run, strategy.reference, training, given, progress)
        else:
            references.add_evolving(run, strategy.reference, strategy.keep, training, given, progress)
    return run


def _check_same(run: Run, column: str, given: Training | None) -> None:
    """Raises: StoreError if a column of that name was made with another reference model than the given one."""
    made = run.added.made(column).get("trainings", [])
    if given and made[:1] != [given.name]:
        raise StoreError(f"Run {run.name} holds {column} already, made with {listed(made)}: give the new one another "
                         f"name with --strategy-reference, or delete that one (xtf prepare {run.name} --delete "
                         f"{column}).")


def seconds(run: Run, thresholds: Thresholds) -> float:
    """What preparing the strategy took; 0 where it needs nothing, or is not prepared yet."""
    strategy = thresholds.strategy
    columns = strategies.STRATEGIES[strategy.kind].needs(strategy)
    return sum(float(run.added.made(column).get("seconds", 0)) for column in columns if column in run.added)


def _augmented(run: Run, progress: Progress) -> Run:
    """The run with twins, made if it is not there. Raises: DataError where no example has a twin."""
    found = augmented.find(run.manifest, augmented.SEED)
    made = found or augmented.score(run, seed=augmented.SEED, progress=within("twins", progress)).manifest
    return runs.open_run(made.name)
