"""What is put to the test on a scored run: XTF's three scores, other strategies' signals, and what each would drop."""

from dataclasses import dataclass

import numpy as np

from xtf import filters, strategies
from xtf.config import PRESETS, STRATEGY_SETTINGS, Thresholds
from xtf.errors import SettingsError
from xtf.store import ScoreTable

SCORES = {"reasoning": "Reasoning importance (low)", "novelty": "Knowledge novelty (low)",
          "relevance": "Task relevance (low)"}
#: Strategies that have nothing to measure, and why.
PASSIVE = {"normal": "It drops nothing.", "augment": "It adds examples and drops nothing.",
           "random": "It goes by nothing: chance stands beside every figure instead."}


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
    found = Candidates(_scores(table), _presets(table), dict(PASSIVE))
    for name, kind in STRATEGY_SETTINGS.items():
        if name != "xtf" and name not in PASSIVE:
            _strategy(table, name, Thresholds(strategy=kind()), found)
    return found


def _scores(table: ScoreTable) -> list[Signal]:
    """Low is noise. Novelty goes by the log-probability, which tells apart what is 1 as a float32."""
    values = {name: -filters.attribute(table, Thresholds(), name).values for name in ("reasoning", "relevance")}
    values["novelty"] = table.column("logprob")
    return [Signal(name, title, values[name]) for name, title in SCORES.items()]


def _presets(table: ScoreTable) -> list[Decision]:
    return [Decision(f"xtf-{name}", f"XTF (preset {name})", table.trainable & ~filters.judge(table, thresholds).keep)
            for name, (_, thresholds) in PRESETS.items()]


def _strategy(table: ScoreTable, name: str, thresholds: Thresholds, found: Candidates) -> None:
    """One strategy at its defaults, put into what is found."""
    title = strategies.STRATEGIES[name].title
    try:
        verdicts = strategies.judge(table, thresholds)
    except SettingsError as error:
        found.missing[name] = str(error)
        return
    choice = verdicts.choice
    if choice is not None and choice.signal is not None:
        found.signals.append(Signal(name, title, -choice.signal if choice.higher_is_kept else choice.signal))
    if np.any(dropped := table.trainable & ~verdicts.keep):
        found.decisions.append(Decision(name, title, dropped))
