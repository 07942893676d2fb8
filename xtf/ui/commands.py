"""The command lines of what the pages do: to start as a job, and to copy."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtf import linked
from xtf.argv import flag, of_settings
from xtf.changes import OVERRIDES
from xtf.comparison.settings import CompareSettings
from xtf.config import (
    KINDS,
    MAIN_FIELD,
    PRESETS,
    ByClass,
    ExportSettings,
    OtherTokenizer,
    ScoreSettings,
    Thresholds,
    Xtf,
)
from xtf.evaluation.settings import EvaluationSettings
from xtf.training.settings import TrainSettings


def score(settings: ScoreSettings, run: str | None = None, estimate: bool = False) -> list[str]:
    """`xtf score …` for these settings; only what differs from the defaults is named."""
    flags = [*(["--run", run] if run else []), *of_settings(settings, skip="data"),
             *(["--estimate"] if estimate else [])]
    return _with_data("score", settings.data, flags)


def preview(settings: ScoreSettings) -> list[str]:
    """`xtf preview …` of one example."""
    model = ["--model", settings.model] if settings.model != "embedded" else []
    return _with_data("preview", settings.data, ["--count", "1", *model])


def export(run: str, preset: str, thresholds: Thresholds, settings: ExportSettings, out: Path,
           other: OtherTokenizer | None = None) -> list[str]:
    """`xtf export …` at these settings."""
    return ["export", run, *_export_flags(preset, thresholds, settings, other), "--out", str(out), "--json"]


def preflight(run: str, preset: str, thresholds: Thresholds, settings: ExportSettings,
              other: OtherTokenizer | None = None) -> list[str]:
    """`xtf preflight …` of the export at these settings."""
    return ["preflight", run, *_export_flags(preset, thresholds, settings, other), "--json"]


def train(source: str, labels: Sequence[str], settings: TrainSettings, name: str, allow: Sequence[str] = ()) \
        -> list[str]:
    """`xtf train …` on a run or an export; `labels`: of `threshold_flags`, nothing for an export, which brings its
    own."""
    allowed = [word for check in allow for word in ("--allow", check)]
    return ["train", source, *labels, *of_settings(settings), "--name", name, *allowed, "--json"]


def prepare(run: str, strategy: Any, settings: TrainSettings | None = None, given: str = "") -> list[str]:
    """`xtf prepare …` for a strategy of `xtf.config`; the reference model is the fine-tune `given`, or else is trained
    with `settings`."""
    return ["prepare", run, *_kind_flags("strategy", strategy, Xtf()), *(["--reference-model", given] if given else []),
            *(of_settings(settings) if settings else []), "--json"]


def merge(name: str, out: Path) -> list[str]:
    """`xtf merge …`."""
    return ["merge", name, "--out", str(out), "--json"]


def ask(name: str, question: str) -> list[str]:
    """`xtf ask …`, whatever the question begins with."""
    return ["ask", name, "--json", "--", question]


def compare(run: str, labels: Sequence[str], chosen: CompareSettings, training: TrainSettings,
            evaluation: EvaluationSettings, name: str, allow: Sequence[str] = ()) -> list[str]:
    """`xtf compare …`; `labels`: of `threshold_flags`."""
    strategies = ["--strategies", ",".join(chosen.strategies)] if chosen.strategies != CompareSettings().strategies \
        else []
    measured = [*of_settings(evaluation, skip="seed"),
                *(["--evaluation-seed", str(evaluation.seed)] if evaluation.seed else [])]
    allowed = [word for check in allow for word in ("--allow", check)]
    return ["compare", run, *labels, *strategies, *of_settings(chosen, skip="strategies"), *of_settings(training),
            *measured, "--name", name, *allowed, "--json"]


def _export_flags(preset: str, thresholds: Thresholds, settings: ExportSettings, other: OtherTokenizer | None) \
        -> list[str]:
    of_other = ["--for-tokenizer", other.tokenizer, *of_settings(other, skip="tokenizer")] if other else []
    return [*threshold_flags(preset, thresholds), *of_settings(settings), *of_other]


def threshold_flags(preset: str, thresholds: Thresholds) -> list[str]:
    """The flags that turn a preset into these thresholds. Overrides that no flag can say are put into a settings file
    in the workspace. Raises: StoreError where that cannot be written."""
    base = PRESETS[preset][1]
    argv, by_class = _start(preset, thresholds)
    for name in Thresholds.model_fields:
        value, before = getattr(thresholds, name), getattr(base, name)
        if value != before and name != OVERRIDES:
            argv += _kind_flags(name, value, before) if name in KINDS else flag(name, value)
    return [*argv, *by_class]


def _start(preset: str, thresholds: Thresholds) -> tuple[list[str], list[str]]:
    """What the flags are laid over, and the flags of overrides by class."""
    classes = {override.role: override for override in thresholds.overrides if isinstance(override, ByClass)}
    if len(thresholds.overrides) == len(classes) and not any(override.note for override in classes.values()):
        return ["--preset", preset], [word for role, override in classes.items() for word in (
            "--never-drop" if override.action == "keep" else "--always-drop", role)]
    return ["--settings", str(linked.settings_file(preset, thresholds.overrides))], []


def shown(argv: Sequence[str]) -> str:
    """A command line to copy. It names the workspace where that is not the usual one, so that it does the same."""
    home = os.environ.get("XTF_HOME")
    words = shlex.join(["xtf", *(word for word in argv if word != "--json")])
    return f"XTF_HOME={shlex.quote(home)} {words}" if home else words


def _with_data(command: str, data: str, flags: list[str]) -> list[str]:
    if data.startswith("-"):  # a file name that would read as a flag
        return [command, *flags, "--json", "--", data]
    return [command, data, *flags, "--json"]


def _kind_flags(attribute: str, rule: Any, before: Any) -> list[str]:
    """Of a rule, or of the strategy."""
    if rule.kind == "off":
        return [f"--{attribute}-off"]
    same = rule.kind == before.kind
    base = (before if same else KINDS[attribute][rule.kind]()).model_dump()
    main = MAIN_FIELD.get(rule.kind)
    argv = [] if main or same else [f"--{attribute}", rule.kind]
    for name, value in rule.model_dump(exclude={"kind"}).items():
        if name == main and (value != base[name] or not same):
            argv += flag(f"{attribute}_{rule.kind}", value)
        elif name != main and value != base[name]:
            argv += flag(f"{attribute}_{name}", 1.0 if value is None else value)  # a cap of 1 is no cap
    return argv
