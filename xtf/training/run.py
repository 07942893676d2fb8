"""A whole fine-tune: from what was asked for to a result that others can load. Taken up again where it was stopped."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtf import workspace
from xtf.config import Thresholds
from xtf.progress import Progress, silent
from xtf.runs import Run
from xtf.training import card, processes, source
from xtf.training.folder import CHECKPOINTS, TRAININGS, Training, begin
from xtf.training.settings import TrainSettings
from xtf.training.source import Source

if TYPE_CHECKING:
    from xtf.training.data import Rows
    from xtf.training.trainer import KeptTrainer


def train(run: Run, thresholds: Thresholds, settings: TrainSettings, name: str, *, allow: Collection[str] = (),
          progress: Progress = silent) -> Training:
    """Fine-tunes the model that scored `run` on its tokens with the labels that `thresholds` give. One that is finished
    is returned at once; one that was stopped goes on from its last checkpoint. `progress` counts steps.

    Raises: TrainingError where the name is taken by another fine-tune or one at work, or the loss is no number;
    SettingsError where nothing is left to train, or preflight found what is not in `allow`; ModelError; StoreError if
    the run is damaged or the disk is full.
    """
    return train_on(source.of_run(run, thresholds, allow, seed=settings.seed), settings, name, progress=progress)


def train_export(folder: Path, settings: TrainSettings, name: str, *, progress: Progress = silent) -> Training:
    """The same on the rows and labels of an export in token ids."""
    return train_on(source.of_export(folder), settings, name, progress=progress)


def train_on(learnt: Source, settings: TrainSettings, name: str, *, progress: Progress = silent) -> Training:
    """The same on any source."""
    asked = learnt.asked | {"settings": settings.model_dump()}
    if not processes.is_first():  # the first one claims, writes and tells
        made = Training(TRAININGS.place(name))
        _fit(made, learnt, settings, progress)
        return made
    made = begin(name, asked)
    if not made.done:
        with made.locked():
            _work(made, learnt, settings, progress)
    return made


def _work(made: Training, learnt: Source, settings: TrainSettings, progress: Progress) -> None:
    try:
        trainer, tokenizer = _fit(made, learnt, settings, progress)
    except Exception:
        if made.metrics().empty:  # it failed before its first step was done: the name is free again
            workspace.remove_folder(made.path)
        raise
    _finish(made, trainer, tokenizer)


def _fit(made: Training, learnt: Source, settings: TrainSettings, progress: Progress) -> tuple["KeptTrainer", Any]:
    progress(0, 0, "loading model")
    used = settings.model_copy(update={"device": processes.own_device(settings.device)})
    from xtf.training.adapter import prepared  # torch takes seconds to import
    from xtf.training.fit import fit

    rows, base = learnt.rows(), learnt.model()
    if processes.is_first():
        made.note(counts=_counts(rows, learnt, settings), model=base.model_dump(), template=learnt.template)
    model, tokenizer = prepared(base, used, learnt.start)
    return fit(model, rows, used, made.path, progress=progress), tokenizer


def _counts(rows: "Rows", learnt: Source, settings: TrainSettings) -> dict[str, Any]:
    """What it has to do: examples, skipped ones, tokens and trained tokens of one pass, kept share, steps."""
    counts, trainable = rows.counts(), learnt.trainable()
    return {**counts, "kept_share": counts["trained"] / trainable if trainable else None,
            "steps": settings.steps(counts["examples"])}


def _finish(made: Training, trainer: "KeptTrainer", tokenizer: Any) -> None:
    """Writes the result under another name and renames it; checkpoints are needed no more."""
    building = made.path / ".result"
    workspace.remove_folder(building)
    try:
        trainer.save_model(str(building))
        tokenizer.save_pretrained(building)
        card.write(made, building)
        building.rename(made.result)
    except OSError as error:
        raise workspace.disk_error(made.result, error) from error
    workspace.remove_folder(made.path / CHECKPOINTS)
