"""Comparisons in the workspace, as pages and commands read them. Imports no PyTorch.

    comparisons/NAME/comparison.json   what was asked for, and what came of it so far; written first
    comparisons/NAME/base/             what the base model does on the held-out data (`xtf.evaluation`)

Arms are ordinary fine-tunes, NAME-STRATEGY-sSEED, evaluated into their own folders: what is there is what is done.
"""

import shutil
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from xtf import runs, workspace
from xtf.comparison import variants
from xtf.comparison.budget import NORMAL, Given
from xtf.comparison.settings import CompareSettings
from xtf.config import Thresholds, settings
from xtf.errors import StoreError
from xtf.evaluation.result import Evaluation, exists, same
from xtf.evaluation.settings import EvaluationSettings
from xtf.runs import Run
from xtf.shelf import Shelf
from xtf.training.folder import TRAININGS, Training, delete_training
from xtf.training.settings import TrainSettings

BASE = "base"
COMPARISONS = Shelf("comparisons", "comparison.json", "comparison", "xtf compare RUN", "xtf compare --delete")


class Arm(NamedTuple):
    """One fine-tune of a comparison."""

    strategy: str
    seed: int
    name: str

    @property
    def label(self) -> str:
        """For people: `XTF, seed 0`."""
        return f"{variants.title(self.strategy)}, seed {self.seed}"


@dataclass(frozen=True)
class Comparison:
    """One comparison's folder."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def base(self) -> Path:
        """The folder of the base model's evaluation."""
        return self.path / BASE

    @property
    def record(self) -> dict[str, Any]:
        """comparison.json: `asked`, `created`, `version`, `held_out` (the run's name once it is settled), `notes`,
        `failures` (arm → sentence), `given` (arm → what the budget gives it). Raises: StoreError."""
        return COMPARISONS.read(self.path)

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What decides what it does, which never changes: run, thresholds, settings of all three kinds."""
        return dict(self.record["asked"])

    @property
    def run(self) -> str:
        """The run that arms are trained on."""
        return str(self.asked["run"])

    def run_of(self, arm: Arm) -> str:
        """The run that an arm is trained on: with augmentation its twin."""
        if arm.strategy != "augment":
            return self.run
        from xtf.engine import augmented

        found = augmented.find(runs.open_run(self.run).manifest, augmented.SEED)
        return found.name if found else augmented.default_name(self.run, augmented.SEED)

    def thresholds_of(self, arm: Arm) -> Thresholds:
        """What an arm chooses its tokens at; the reference model that some go by is called like the comparison."""
        return variants.thresholds(arm.strategy, self.thresholds, self.name)

    @property
    def settings(self) -> CompareSettings:
        return settings(CompareSettings, self.asked["settings"])

    @property
    def thresholds(self) -> Thresholds:
        return settings(Thresholds, self.asked["thresholds"])

    @property
    def training(self) -> TrainSettings:
        """Of all arms, but for the seed."""
        return settings(TrainSettings, self.asked["training"])

    @property
    def evaluation(self) -> EvaluationSettings:
        return settings(EvaluationSettings, self.asked["evaluation"])

    @property
    def held_out(self) -> str | None:
        """The run that all are evaluated on, once it is settled."""
        return self.record["held_out"]

    @property
    def arms(self) -> list[Arm]:
        """All fine-tunes in the order in which they are made: seed by seed, so that what is there can be paired, and
        normal first where the others are given what it took."""
        chosen, first = self.settings, self.training.seed
        names = list(chosen.strategies)
        if chosen.budget != "raw":
            names.sort(key=lambda name: name != NORMAL)
        return [Arm(strategy, seed, f"{self.name}-{strategy}-s{seed}")
                for seed in range(first, first + chosen.seeds) for strategy in names]

    def trained(self, arm: Arm) -> Training | None:
        """An arm's fine-tune, whole or not; None where there is none, or another one of that name."""
        made = Training(TRAININGS.place(arm.name))
        with suppress(StoreError, KeyError):
            kind = self.thresholds_of(arm).strategy.kind
            if (made.run, made.strategy, made.asked["settings"]) == (
                    self.run_of(arm), kind, self.training_of(arm).model_dump()):
                return made
        return None

    def training_of(self, arm: Arm) -> TrainSettings:
        """An arm's own: its seed, and the passes that the budget gives it once that is settled."""
        given = self.given(arm)
        return self.training.model_copy(update={"seed": arm.seed, **({"epochs": given.epochs} if given else {})})

    def given(self, arm: Arm) -> Given | None:
        """What the budget gives an arm; None before that is settled."""
        found = self.record.get("given", {}).get(arm.name)
        return Given(**found) if found else None

    def give(self, arm: Arm, given: Given) -> None:
        """Remembers that. Raises: StoreError."""
        self.note(given=self.record.get("given", {}) | {arm.name: given._asdict()})

    def asked_for(self, found: Evaluation, held_out: Run) -> bool:
        """Whether an evaluation is of what this comparison asks for: another command may have evaluated the same
        fine-tune with other settings since."""
        return same(found, model=found.model, run_id=held_out.manifest.run_id, settings=self.evaluation.model_dump(),
                    thresholds=self.thresholds.model_dump(mode="json"))

    def discard_if_empty(self) -> None:
        """Removes a comparison that failed before anything was evaluated or trained, so that its name is free again."""
        if not exists(self.base) and not any(map(self.trained, self.arms)):
            workspace.remove_folder(self.path)

    def note(self, **what: Any) -> None:
        """Replaces parts of the record. Raises: StoreError."""
        COMPARISONS.note(self.path, **what)

    def locked(self) -> AbstractContextManager[None]:
        """One process works on a comparison at a time. Raises: TrainingError for the second one."""
        return COMPARISONS.locked(self.path)


def begin(run: Run, thresholds: Thresholds, chosen: CompareSettings, training: TrainSettings,
          evaluation: EvaluationSettings, name: str) -> Comparison:
    """The comparison of that name, made if it is new and taken up again if it was asked for the same. Raises:
    TrainingError if the name is taken by another; SettingsError for one that cannot be a name; StoreError."""
    if not COMPARISONS.exists(name):
        _check_names(name, chosen, training)
    asked = {"run": run.name, "run_id": run.manifest.run_id, "thresholds": thresholds.model_dump(mode="json"),
             "settings": _anywhere(chosen).model_dump(), "training": training.model_dump(),
             "evaluation": evaluation.model_dump()}
    return Comparison(COMPARISONS.begin(name, asked, held_out=None, notes=[], failures={}, given={}))


def _check_names(name: str, chosen: CompareSettings, training: TrainSettings) -> None:
    """Raises: SettingsError where an arm's name would be too long."""
    longest = max(chosen.strategies, key=len)
    workspace.checked_name(f"{name}-{longest}-s{training.seed + chosen.seeds - 1}")
    workspace.checked_name(f"{name}-heldout")


def _anywhere(chosen: CompareSettings) -> CompareSettings:
    """The same with a full path where held-out data is one, so that it means the same in any folder."""
    name = chosen.held_out
    if name is None or name in ("demo", "humaneval") or name in {known.name for known in runs.list_runs()}:
        return chosen
    path = workspace.expanded(name)
    return chosen.model_copy(update={"held_out": str(path.absolute())}) if path.exists() else chosen


def open_comparison(name: str) -> Comparison:
    """Raises: StoreError naming those that exist."""
    return Comparison(COMPARISONS.opened(name))


def list_comparisons() -> list[Comparison]:
    """All of them, newest first. A folder that is none is passed over."""
    return list(map(Comparison, COMPARISONS.listed()))


def delete_comparison(name: str, arms: bool = False) -> None:
    """Removes a comparison; its arms, which are fine-tunes of their own, only where that is asked. The held-out run
    stays. Raises: StoreError if there is none, TrainingError if it is at work."""
    comparison = open_comparison(name)
    with comparison.locked():
        for arm in comparison.arms if arms else []:
            if made := comparison.trained(arm):
                delete_training(made.name)
        shutil.rmtree(comparison.path)
