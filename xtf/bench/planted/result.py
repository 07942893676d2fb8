"""What a bench with planted noise has found, as pages and commands read it. Imports no PyTorch.

    planted/KEY/NAME.jsonl     the examples of one data set: messages, and `planted`: [kind, start, end, what was there]
                               in characters of the last answer
    planted/KEY/result.json    all figures; written last

The scored data sets are ordinary runs, planted-NAME-KEY.
"""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xtf import workspace
from xtf.bench.planted.plant import Span
from xtf.bench.planted.settings import PlantedSettings
from xtf.config import settings
from xtf.errors import StoreError
from xtf.evaluation.statistics import Estimate

ALL = "all"
RUNS = "planted-"  # how the names of the runs begin


@dataclass(frozen=True)
class Planting:
    """One data set: examples that are measured, response tokens, and planted ones by kind."""

    name: str
    title: str
    run: str
    run_id: str
    examples: int
    tokens: int
    planted: dict[str, int]


@dataclass(frozen=True)
class Cell:
    """One signal against one kind of noise (or any) in one data set (or the mean of all). chance: what average
    precision is without any skill, the share of planted tokens among those counted."""

    data: str
    signal: str
    kind: str
    chance: float
    metrics: dict[str, Estimate]


@dataclass(frozen=True)
class Drop:
    """What one filter drops in one data set (or in all together): its share of the response tokens, how much of that is
    planted, and how much of each kind is dropped. chance: planted share of the response tokens."""

    data: str
    name: str
    share: float
    chance: float
    precision: Estimate
    recall: dict[str, Estimate]


@dataclass(frozen=True)
class Result:
    """signals, decisions: name → title; missing: strategy → why it has no figures; notes: what to know."""

    key: str
    model: str
    asked: dict[str, Any]
    sets: list[Planting]
    signals: dict[str, str]
    decisions: dict[str, str]
    cells: list[Cell]
    drops: list[Drop]
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    created: str = ""
    version: str = ""

    @property
    def settings(self) -> PlantedSettings:
        return settings(PlantedSettings, self.asked)

    def titles(self) -> dict[str, str]:
        """Of the data sets, all together first where there are several."""
        named = {one.name: one.title for one in self.sets}
        return ({ALL: f"Mean of {len(named)}"} if len(named) > 1 else {}) | named

    def cell(self, data: str, signal: str, kind: str) -> Cell | None:
        """The figures of that place; None where there are none."""
        return next((cell for cell in self.cells if (cell.data, cell.signal, cell.kind) == (data, signal, kind)), None)

    def drop(self, data: str, name: str) -> Drop | None:
        return next((drop for drop in self.drops if (drop.data, drop.name) == (data, name)), None)

    @property
    def overview(self) -> str:
        """The data that headlines speak of."""
        return next(iter(self.titles()))


def folder(key: str) -> Path:
    return workspace.home() / "planted" / workspace.checked_name(key)


def save(found: Result) -> None:
    """Raises: StoreError."""
    workspace.write_json(folder(found.key) / "result.json", written(found))


def written(found: Result) -> dict[str, Any]:
    """The result as JSON has it: intervals that there are not are null."""
    return dict(_finite(asdict(found)))


def load(key: str) -> Result:
    """Raises: StoreError where there is none, or it cannot be read."""
    try:
        told = workspace.read_json(folder(key) / "result.json")
        return Result(**told | {
            "sets": [Planting(**one) for one in told["sets"]],
            "cells": [Cell(**one | {"metrics": _estimates(one["metrics"])}) for one in told["cells"]],
            "drops": [Drop(**one | {"precision": Estimate(**_numbers(one["precision"])),
                                    "recall": _estimates(one["recall"])}) for one in told["drops"]]})
    except FileNotFoundError as error:
        raise StoreError(f"There is no bench {key} with planted noise: `xtf bench planted` makes one.") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"The result of the bench {key} cannot be read: delete {folder(key)} and run "
                         "`xtf bench planted` again.") from error


def known() -> list[str]:
    """Keys of all results, newest first."""
    paths = list((workspace.home() / "planted").glob("*/result.json"))
    return [path.parent.name for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)]


def spans(key: str, name: str) -> dict[str, tuple[str, list[Span]]]:
    """Of each example of a data set: the answer with its noise, and what was planted in it. Raises: StoreError."""
    try:
        lines = (folder(key) / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return {row["id"]: (answer_of(row["messages"]), [Span(*span) for span in row["planted"]]) for row in rows}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"What was planted in {name} cannot be read any more: run `xtf bench planted` again.") \
            from error


def answer_of(messages: list[dict[str, str]]) -> str:
    """The last answer of a conversation."""
    return next(turn["content"] for turn in reversed(messages) if turn["role"] == "assistant")


def _estimates(told: dict[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(**_numbers(one)) for name, one in told.items()}


def _numbers(told: dict[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in told.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
