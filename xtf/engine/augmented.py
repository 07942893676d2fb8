"""Data augmentation as a run of its own: the examples of a run and their twins, scored with its model and settings."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from xtf import runs, workspace
from xtf.carry.source import check_data
from xtf.config import ScoreSettings
from xtf.data import augment, formats
from xtf.data.types import Example
from xtf.engine import again, local
from xtf.errors import DataError, StoreError
from xtf.progress import READING, Progress, Say, quiet, silent
from xtf.runs import Run
from xtf.store import Manifest

SEED = 0  # of the twins that the strategy of that name is used with


@dataclass(frozen=True)
class Made:
    """What the augmented data holds, counted in examples."""

    examples: int  # of the run's data, each of which is there as it was
    twins: int
    renamed: int  # of the twins: with other names alone
    without: dict[str, int]  # reason (a key of `augment.REASONS`) → examples without a twin, most first


@dataclass(frozen=True)
class Augmented:
    """The augmented run. Tokens are those of the run before and of the augmented one."""

    manifest: Manifest
    made: Made
    before: dict[str, int]  # counts of the original run: examples, tokens, trainable, …
    after: dict[str, int]

    @property
    def sentence(self) -> str:
        times = self.after["trainable"] / self.before["trainable"]
        return (f"{self.made.twins:,} of {self.made.examples:,} examples have a twin: {self.after['trainable']:,} "
                f"trainable tokens instead of {self.before['trainable']:,}, {times:.2f} times as many.")

    @property
    def reasons(self) -> list[str]:
        """A sentence for each reason why examples have no twin."""
        return [f"{count:,} without a twin: {augment.REASONS[reason]}." for reason, count in self.made.without.items()]


def default_name(run: str, seed: int) -> str:
    """Of the augmented run."""
    return f"{run[:60]}-twins-{seed}"


def score(run: Run, name: str | None = None, seed: int = 0, progress: Progress = silent, say: Say = quiet) -> Augmented:
    """Writes the run's examples and their twins into the workspace, and scores them into a run of that name, resuming
    what is there already. The same run and seed always give the same data.

    Raises: DataError if the run's data is gone or has changed, or no example has a twin; ModelError if its model has;
    StoreError if the run is unfinished, or the name is taken by a run of other data.
    """
    if unfinished := run.unfinished:
        raise StoreError(f"{unfinished} Finish it first: its examples and their twins are scored together.")
    name = workspace.checked_name(name or default_name(run.name, seed))
    chosen = again.settings_of(run.manifest)
    check_data(run.manifest, chosen)
    path = path_of(run.manifest, seed)
    made = write(path, chosen, seed, progress)
    if not made.twins:
        path.unlink()
        raise DataError(f"No example of run {run.name} has a twin: "
                        f"{augment.REASONS[next(iter(made.without))]}. Augmentation suits maths whose answers hold "
                        "calculations such as <<48/2=24>>, and texts about people called by first names.")
    say(f"{made.twins:,} of {made.examples:,} examples have a twin.")
    manifest = local.score(scored_as(chosen, path), name, progress, say)
    return Augmented(manifest, made, run.manifest.counts, manifest.counts)


def path_of(manifest: Manifest, seed: int) -> Path:
    """Where the augmented data of a run lies; its name tells what decides its content."""
    return workspace.home() / "augmented" / f"{manifest.run_id}-v{augment.VERSION}-seed{seed}.jsonl"


def find(manifest: Manifest, seed: int) -> Manifest | None:
    """The finished run of a run's augmented data, if there is one."""
    wanted = str(path_of(manifest, seed).absolute())
    return next((other for other in runs.list_runs() if other.complete and other.settings.get("data") == wanted), None)


def scored_as(chosen: ScoreSettings, path: Path) -> ScoreSettings:
    """The settings of the augmented run. Where too long an example is an error, only a twin can be one, since all
    others were scored: it is left out, and counted."""
    too_long = "skip" if chosen.too_long == "error" else chosen.too_long
    return chosen.model_copy(update={
        "data": str(path.absolute()), "format": "messages", "split": "train", "config": None, "limit": None,
        "prompt_column": None, "response_column": None, "too_long": too_long})


def write(path: Path, chosen: ScoreSettings, seed: int, progress: Progress = silent) -> Made:
    """Writes all examples, then their twins, as JSON Lines with id and messages, in constant memory."""
    made: list[Made] = []
    workspace.write_atomically(path, lambda temporary: made.append(_fill(temporary, chosen, seed, progress)))
    return made[0]


def _fill(path: Path, chosen: ScoreSettings, seed: int, progress: Progress) -> Made:
    without: Counter[str] = Counter()
    kinds: Counter[bool] = Counter()
    with path.open("w", encoding="utf-8") as file:
        count = sum(_put(file, example) for example in _examples(chosen, progress))
        for example in _examples(chosen, progress):
            found = augment.twin(example, seed)
            if isinstance(found, str):
                without[found] += 1
            else:
                kinds[found.numbers] += _put(file, found.example)
    return Made(count, sum(kinds.values()), kinds[False], dict(without.most_common()))


def _examples(chosen: ScoreSettings, progress: Progress) -> Iterator[Example]:
    for count, example in enumerate(formats.examples(chosen), 1):
        progress(count, 0, READING)
        yield example


def _put(file: IO[str], example: Example) -> int:
    """Writes one line and counts it."""
    row: dict[str, Any] = {"id": example.id, "messages": [
        {"role": turn.role, "content": turn.content} for turn in example.messages]}
    file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return 1
