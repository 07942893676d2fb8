"""What a check found, what mends it, and the refusal to go on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from xtf.config import Check
from xtf.errors import SettingsError

#: good: nothing to do; note: to be known; stop: refused until it is mended or accepted by name.
Level = Literal["good", "note", "stop"]


@dataclass(frozen=True)
class Fix:
    """One change of settings that mends what was found."""

    words: str  # on a button: "Leave them out"
    target: Literal["export", "thresholds", "score"]  # the settings that change
    change: dict[str, Any]  # field → its new value

    @property
    def flags(self) -> str:
        """The change on the command line: `--drop-empty`, `--trainer-length 1500`."""
        words = []
        for name, value in self.change.items():
            flag = name.replace("_", "-")
            words.append((f"--{flag}" if value else f"--no-{flag}") if isinstance(value, bool) else f"--{flag} {value}")
        return " ".join(words)


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
    if not stops:
        return
    told = []
    for stop in stops:
        mend = f"{stop.fix.flags} mends it, " if stop.fix and stop.fix.target != "score" else ""
        told.append(f"{stop.sentence.rstrip('.')} ({mend}--allow {stop.check} goes on all the same)")
    raise SettingsError(f"Not ready for a trainer: {'; '.join(told)}.")
