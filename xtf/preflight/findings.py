"""What a check found, what mends it, and the refusal to go on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from xtf.config import MAIN_FIELD, RULES, Check, ExportSettings, Thresholds, settings
from xtf.errors import SettingsError

#: good: nothing to do; note: to be known; stop: refused until it is mended or accepted by name.
Level = Literal["good", "note", "stop"]


@dataclass(frozen=True)
class Fix:
    """One change of settings that mends what was found."""

    words: str  # on a button: "Leave them out"
    target: Literal["export", "thresholds", "score"]  # the settings that change
    change: dict[str, Any]  # field → its new value, as JSON has it
    overrides: str = ""  # flags for the overrides in `change`, where there are any

    @property
    def flags(self) -> str:
        """The change on the command line: `--drop-empty`, `--trainer-length 1500`; empty where no flag says it."""
        return " ".join(filter(None, (self.overrides if name == "overrides" else _flags(name, value)
                                      for name, value in self.change.items())))

    def applied(self, thresholds: Thresholds, chosen: ExportSettings) -> tuple[Thresholds, ExportSettings]:
        """Both as they are after the change; a `score` fix changes neither."""
        if self.target == "thresholds":
            thresholds = settings(Thresholds, thresholds.model_dump() | self.change)
        if self.target == "export":
            chosen = settings(ExportSettings, chosen.model_dump() | self.change)
        return thresholds, chosen


def _flags(name: str, value: Any) -> str:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, dict):
        return _rule_flags(flag, value)
    if isinstance(value, bool):
        return flag if value else f"--no-{flag[2:]}"
    return f"{flag} {value}"


def _rule_flags(flag: str, rule: dict[str, Any]) -> str:
    """A rule with every field that is not its kind's own default; a cap of 1 is no cap."""
    kind = rule["kind"]
    if kind == "off":
        return f"{flag}-off"
    defaults = RULES[kind]().model_dump()
    main = MAIN_FIELD[kind]
    others = [f"{flag}-{name.replace('_', '-')} {value}" for name, value in rule.items()
              if name not in ("kind", main) and value != defaults[name]]
    return " ".join([f"{flag}-{kind} {rule[main]}", *others])


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: Check
    level: Level
    title: str  # what is checked, in two or three words
    sentence: str
    examples: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # those concerned, indexes in the run
    fix: Fix | None = None


def refuse(findings: Iterable[Finding], allow: Collection[str]) -> None:
    """Raises: SettingsError naming every stop that is not allowed, with its fix and with the way around it."""
    stops = [finding for finding in findings if finding.level == "stop" and finding.check not in allow]
    if stops:
        raise SettingsError(f"Not ready for a trainer: {'; '.join(map(_told, stops))}.")


def _told(stop: Finding) -> str:
    said = stop.sentence[:1].lower() + stop.sentence[1:].rstrip(".")
    return f"{said} ({_mend(stop.fix)}--allow {stop.check} goes on all the same)"


def _mend(fix: Fix | None) -> str:
    if fix is None or not fix.flags:
        return ""
    return f"scoring with {fix.flags} mends it, " if fix.target == "score" else f"{fix.flags} mends it, "


def record(findings: Iterable[Finding], allow: Collection[str] = ()) -> list[dict[str, Any]]:
    """The findings as JSON has them, for records: check, level, title, sentence, examples (how many), fix (words,
    target, change, flags) and whether a stop was accepted by name (`allowed`)."""
    return [{"check": found.check, "level": found.level, "title": found.title, "sentence": found.sentence,
             "examples": len(found.examples), "fix": _recorded(found.fix),
             "allowed": found.level == "stop" and found.check in allow} for found in findings]


def _recorded(fix: Fix | None) -> dict[str, Any] | None:
    return None if fix is None else {"words": fix.words, "target": fix.target, "change": fix.change, "flags": fix.flags}
