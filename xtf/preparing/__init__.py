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
from xtf.training.settings import TrainSettings


def prepare(run: Run, thresholds: Thresholds, training: TrainSettings, *, progress: Progress = silent) -> Run:
    """Gives `run` what the strategy of `thresholds` lacks, and returns the run to use it on: its augmented one for data
    augmentation, else itself. Reference models are trained with the settings `training`. Raises: XtfError."""
    strategy: Any = thresholds.strategy
    if not run.complete:
        raise StoreError(f"{run.unfinished} Finish it before you prepare a strategy on it.")
    if strategy.kind == "augment":
        return _augmented(run, progress)
    for column in strategies.STRATEGIES[strategy.kind].needs(strategy):
        if column in run.added:
            continue
        if column == ALONE:
            alone.add(run, progress)
        elif column == reference(strategy.reference):
            references.add(run, strategy.reference, training, progress)
        else:
            references.add_evolving(run, strategy.reference, strategy.keep, training, progress)
    return run


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
