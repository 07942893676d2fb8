"""What is put to the test on a scored run: XTF's three scores, other strategies' signals, and what each would drop."""

from dataclasses import dataclass

import numpy as np

from xtf import filters
from xtf.config import PRESETS, Thresholds
from xtf.store import ScoreTable

SCORES = {"reasoning": "Reasoning importance (low)", "novelty": "Knowledge novelty (low)",
          "relevance": "Task relevance (low)"}
_SAID = "Random has no signal: it is the line at 0.5, and stands beside each decision at the same share."


@dataclass(frozen=True)
class Signal:
    """A number that should be high where noise is. noise: float[M], NaN where there is none."""

    name: str
    title: str
    noise: np.ndarray


@dataclass(frozen=True)
class Decision:
    """A filter as it stands. dropped: bool[M], of the trainable tokens."""

    name: str
    title: str
    dropped: np.ndarray


@dataclass(frozen=True)
class Candidates:
    """missing: strategy → why it is not measured here."""

    signals: list[Signal]
    decisions: list[Decision]
    missing: dict[str, str]


def candidates(table: ScoreTable) -> Candidates:
    """All that can be tried on this run as it is. A strategy whose needs are not met says what they are."""
    return Candidates(_scores(table), _presets(table), {"random": _SAID})


def _scores(table: ScoreTable) -> list[Signal]:
    """Low is noise. Novelty goes by the log-probability, which tells apart what is 1 as a float32."""
    values = {name: -filters.attribute(table, Thresholds(), name).values for name in ("reasoning", "relevance")}
    values["novelty"] = table.column("logprob")
    return [Signal(name, title, values[name]) for name, title in SCORES.items()]


def _presets(table: ScoreTable) -> list[Decision]:
    return [Decision(f"xtf-{name}", f"XTF, preset {name}", table.trainable & ~filters.judge(table, thresholds).keep)
            for name, (_, thresholds) in PRESETS.items()]

