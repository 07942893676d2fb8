"""Fine-tunes in the workspace, as pages and commands read them. Imports no PyTorch.

    trainings/NAME/training.json     what was asked for, and what came of it so far; written first
    trainings/NAME/metrics.jsonl     a line a step
    trainings/NAME/events/           the same for TensorBoard
    trainings/NAME/checkpoints/      the last ones, from which it resumes
    trainings/NAME/result/           adapter or model with tokenizer and card; it is finished exactly when this exists
    trainings/NAME/evaluations/RUN/  what it does on held-out data (`xtf.evaluation`)
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from xtf import workspace
from xtf.config import ModelSettings, Thresholds, settings
from xtf.errors import SettingsError, TrainingError
from xtf.runs import Run
from xtf.shelf import Shelf
from xtf.training.settings import TrainSettings

METRICS, CHECKPOINTS, EVENTS, RESULT, EVALUATIONS = "metrics.jsonl", "checkpoints", "events", "result", "evaluations"
TRAININGS = Shelf("trainings", "training.json", "fine-tune", "xtf train RUN", "xtf trainings --delete")
#: A line of metrics.jsonl: counts are cumulative, `loss` is nats a trained token, `memory` bytes at most so far.
COLUMNS = ("step", "epoch", "loss", "learning_rate", "grad_norm", "trained", "tokens", "seconds", "memory")


@dataclass(frozen=True)
class Training:
    """One fine-tune's folder."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def result(self) -> Path:
        return self.path / RESULT

    @property
    def done(self) -> bool:
        return self.result.is_dir()

    @property
    def record(self) -> dict[str, Any]:
        """training.json: `asked` (source, labels, settings), `created`, `version`; once it has begun `counts`
        (examples, skipped, tokens, trained, kept_share, steps), `model` (the base model's settings) and `template` (how
        a prompt is rendered for it). Raises: StoreError."""
        return TRAININGS.read(self.path)

    @property
    def asked(self) -> dict[str, Any]:
        """What decides what it does: run or export, strategy, thresholds, settings."""
        return dict(self.record["asked"])

    @property
    def settings(self) -> TrainSettings:
        return settings(TrainSettings, self.asked["settings"])

    @property
    def model(self) -> ModelSettings:
        """The base model as it was loaded. Raises: TrainingError before that."""
        if "model" not in self.record:
            raise TrainingError(f"Fine-tune {self.name} has not begun: run the same train command again first.")
        return settings(ModelSettings, self.record["model"])

    @property
    def thresholds(self) -> Thresholds | None:
        """Those that labels were made with, the strategy among them; None where an export brought them."""
        found = self.asked.get("thresholds")
        return settings(Thresholds, {"strategy": {"kind": self.strategy}} | found) if found else None

    @property
    def run(self) -> str | None:
        """The run that it was trained on; None of an export."""
        return self.asked.get("run")

    @property
    def strategy(self) -> str:
        """How tokens were chosen (`xtf.strategies`); `export` where an export brought them."""
        return str(self.asked.get("strategy", "export"))

    @property
    def reference(self) -> str | None:
        """The name of the reference model that it is, or a step of (`xtf.preparing`); None of all others."""
        return self.asked.get("reference")

    def metrics(self) -> pd.DataFrame:
        """A row a step with COLUMNS; what is half written yet is passed over."""
        return pd.DataFrame(list(self._lines()), columns=list(COLUMNS))

    def _lines(self) -> Iterator[dict[str, Any]]:
        path = self.path / METRICS
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for line in text.splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)

    def evaluation(self, held_out: str) -> Path:
        """The folder of what it does on a held-out run."""
        return self.path / EVALUATIONS / workspace.checked_name(held_out)

    def evaluations(self) -> list[Path]:
        """The folders of all that there are, whole or not."""
        return sorted(path for path in (self.path / EVALUATIONS).glob("*") if path.is_dir())

    def fits(self, run: Run) -> bool:
        """Whether it is finished, and a fine-tune of the model that scored the run."""
        return self.done and self.model.model == run.manifest.settings.get("model")

    def check_for(self, run: Run) -> None:
        """Raises: TrainingError if it is not finished; SettingsError for a run that another model has scored."""
        if not self.done:
            raise TrainingError(f"Fine-tune {self.name} is not finished: run the same train command again first.")
        if not self.fits(run):
            raise SettingsError(f"Run {run.name} was scored with another model than the one that {self.name} started "
                                "from: score its data with that one.")

    def note(self, **what: Any) -> None:
        """Adds to the record. Raises: StoreError."""
        TRAININGS.note(self.path, **what)

    def locked(self) -> AbstractContextManager[None]:
        """One process works on a fine-tune at a time. Raises: TrainingError for the second one."""
        return TRAININGS.locked(self.path)


def begin(name: str, asked: dict[str, Any]) -> Training:
    """The fine-tune of that name, made if it is new and taken up again if it was asked for the same. Raises:
    TrainingError if the name is taken by another; SettingsError; StoreError."""
    return Training(TRAININGS.begin(name, asked, counts={}))


def open_training(name: str) -> Training:
    """Raises: StoreError naming those that exist."""
    return Training(TRAININGS.opened(name))


def list_trainings() -> list[Training]:
    """All of them, newest first. A folder that is none is passed over."""
    return list(map(Training, TRAININGS.listed()))


def delete_training(name: str) -> None:
    """Removes a fine-tune with its result. Raises: StoreError if there is none, TrainingError if it is at work."""
    training = open_training(name)
    with training.locked():
        shutil.rmtree(training.path)
