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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import pandas as pd

import xtf
from xtf import workspace
from xtf.config import ModelSettings, Thresholds, settings
from xtf.errors import StoreError, TrainingError
from xtf.training.settings import TrainSettings

METRICS, CHECKPOINTS, EVENTS, RESULT, EVALUATIONS = "metrics.jsonl", "checkpoints", "events", "result", "evaluations"
_RECORD = "training.json"
_PATIENCE = 0.5  # seconds: a page that only looks whether a fine-tune is locked holds it for an instant
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
        try:
            return dict(workspace.read_json(self.path / _RECORD))
        except (OSError, ValueError) as error:
            raise StoreError(f"Fine-tune {self.name} is damaged: its {_RECORD} cannot be read. Delete it with "
                             f"`xtf trainings --delete {self.name}`.") from error

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
        """Those that labels were made with; None where an export brought them."""
        found = self.asked.get("thresholds")
        return settings(Thresholds, found) if found else None

    @property
    def run(self) -> str | None:
        """The run that it was trained on; None of an export."""
        return self.asked.get("run")

    @property
    def strategy(self) -> str:
        """How tokens were chosen (`xtf.strategies`); `export` where an export brought them."""
        return str(self.asked.get("strategy", "export"))

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

    def note(self, **what: Any) -> None:
        """Adds to the record. Raises: StoreError."""
        workspace.write_json(self.path / _RECORD, self.record | what)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process works on a fine-tune at a time. Raises: TrainingError for the second one."""
        try:
            with filelock.FileLock(self.path / ".lock", timeout=_PATIENCE):
                yield
        except filelock.Timeout as error:
            raise TrainingError(f"Fine-tune {self.name} is at work in another process: wait for it, or cancel it.") \
                from error


def trainings_dir() -> Path:
    return workspace.home() / "trainings"


def begin(name: str, asked: dict[str, Any]) -> Training:
    """The fine-tune of that name, made if it is new and taken up again if it was asked for the same. Raises:
    TrainingError if the name is taken by another; StoreError."""
    made = Training(trainings_dir() / workspace.checked_name(name))
    asked = json.loads(json.dumps(asked))  # as it is read back
    if not (made.path / _RECORD).is_file():
        workspace.write_json(made.path / _RECORD, {"asked": asked, "created": workspace.now(),
                                                   "version": xtf.__version__, "counts": {}})
    elif made.asked != asked:
        raise TrainingError(f"A fine-tune called {name} exists with other data, labels or settings: choose another "
                            f"--name, or delete it with `xtf trainings --delete {name}`.")
    return made


def open_training(name: str) -> Training:
    """Raises: StoreError naming those that exist."""
    found = Training(trainings_dir() / workspace.checked_name(name))
    if not (found.path / _RECORD).is_file():
        known = ", ".join(each.name for each in list_trainings()) or "none yet: `xtf train RUN` makes one"
        raise StoreError(f"There is no fine-tune called {name}; there are: {known}.")
    return found


def list_trainings() -> list[Training]:
    """All of them, newest first. A folder that is none is passed over."""
    found = []
    for path in trainings_dir().glob(f"*/{_RECORD}"):
        try:
            found.append((Training(path.parent).record["created"], Training(path.parent)))
        except (StoreError, KeyError):
            continue
    return [training for _, training in sorted(found, key=lambda pair: pair[0], reverse=True)]


def delete_training(name: str) -> None:
    """Removes a fine-tune with its result. Raises: StoreError if there is none, TrainingError if it is at work."""
    training = open_training(name)
    with training.locked():
        shutil.rmtree(training.path)
