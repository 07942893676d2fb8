"""Fine-tunes in the workspace.

    trainings/NAME/settings.json     what was asked for; a fine-tune of that name is resumed if it is the same
    trainings/NAME/metrics.jsonl     a line a step
    trainings/NAME/checkpoints/      the last ones, from which it resumes
    trainings/NAME/result/           adapter or model with its tokenizer; it is finished exactly when this exists
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from xtf import filters, workspace
from xtf.config import Thresholds
from xtf.engine import again
from xtf.errors import TrainingError
from xtf.progress import Progress, silent
from xtf.runs import Run
from xtf.training.settings import TrainSettings

if TYPE_CHECKING:
    from xtf.training.trainer import KeptTrainer


@dataclass(frozen=True)
class Training:
    """One fine-tune's folder."""

    path: Path

    @property
    def result(self) -> Path:
        return self.path / "result"

    @property
    def done(self) -> bool:
        return self.result.is_dir()


def train(run: Run, thresholds: Thresholds, settings: TrainSettings, name: str, *, progress: Progress = silent
          ) -> Training:
    """Fine-tunes the model that scored `run` on its tokens with the labels that `thresholds` give. One that is
    finished is returned at once; one that was stopped goes on from its last checkpoint. `progress` counts steps.

    Raises: TrainingError where the name is taken by another fine-tune or one at work; SettingsError where nothing is
    left to train; ModelError; StoreError if the run is damaged.
    """
    made = Training(workspace.home() / "trainings" / workspace.checked_name(name))
    asked = {"run": run.name, "run_id": run.manifest.run_id, "thresholds": thresholds.model_dump(mode="json"),
             "settings": settings.model_dump()}
    _claim(made, asked)
    if made.done:
        return made
    try:
        with filelock.FileLock(made.path / ".lock", timeout=0):
            _work(made, run, thresholds, settings, progress)
    except filelock.Timeout as error:
        raise TrainingError(f"Fine-tune {name} is at work in another process: wait for it, or cancel it.") from error
    return made


def _claim(made: Training, asked: dict[str, Any]) -> None:
    """Raises: TrainingError if a fine-tune of that name was asked for something else."""
    path = made.path / "settings.json"
    if not path.is_file():
        workspace.write_json(path, asked)
    elif workspace.read_json(path) != asked:
        raise TrainingError(f"A fine-tune called {made.path.name} exists with other data, labels or settings: choose "
                            f"another --name, or delete {made.path}.")


def _work(made: Training, run: Run, thresholds: Thresholds, settings: TrainSettings, progress: Progress) -> None:
    progress(0, 0, "loading model")
    from xtf.training.adapter import prepared  # torch takes seconds to import
    from xtf.training.data import of_run
    from xtf.training.fit import fit

    run.verify()
    table = run.table()
    rows = of_run(table, filters.judge(table, thresholds))
    model, tokenizer = prepared(again.settings_of(run.manifest), settings)
    trainer = fit(model, rows, settings, made.path, progress=progress)
    _finish(made, trainer, tokenizer)


def _finish(made: Training, trainer: "KeptTrainer", tokenizer: Any) -> None:
    """Writes the result under another name and renames it; checkpoints are needed no more."""
    building = made.path / ".result"
    shutil.rmtree(building, ignore_errors=True)
    try:
        trainer.save_model(str(building))
        tokenizer.save_pretrained(building)
        building.rename(made.result)
    except OSError as error:
        raise workspace.disk_error(made.result, error) from error
    shutil.rmtree(made.path / "checkpoints", ignore_errors=True)
