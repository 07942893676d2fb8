"""The return of filtering against plain fine-tuning on the same data, a month. Pure; docs/value.md holds the formulas.

Every figure is a number or a float64[draws] alike, in the chosen currency; costs are negative.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Values = Mapping[str, Any]  # input → float or float64[draws]; `time_by` is a word
_HOUR = 3600.0


class Piece(NamedTuple):
    """One part of the return: a title, what it is in a sentence, and its formula."""

    title: str
    sentence: str
    of: Callable[[Values], Any]


def time_ratio(values: Values) -> Any:
    """Time of a fine-tune on the kept tokens as a multiple of plain fine-tuning: as it was measured or given, or
    1 - head share · (1 - kept share), since a dropped token saves at most its part of LM head and loss."""
    if values["time_by"] == "ratio":
        return values["time_ratio"]
    return 1 - values["head_share"] * (1 - values["kept_share"])


def training_hours(values: Values) -> Any:
    """Machine hours a month that plain fine-tuning takes."""
    return values["fine_tunes"] * values["tokens"] * values["epochs"] / values["train_speed"] / _HOUR


def scoring_hours(values: Values) -> Any:
    """Machine hours a month that scoring takes."""
    return values["fine_tunes"] * values["rescored"] * values["tokens"] / values["score_speed"] / _HOUR


def wage(values: Values) -> Any:
    """What an hour of a person costs."""
    return values["salary"] / values["work_hours"]


def _training(values: Values) -> Any:
    return values["gpu_price"] * training_hours(values) * (1 - time_ratio(values))


def _scoring(values: Values) -> Any:
    return -values["gpu_price"] * scoring_hours(values)


def _cleaning(values: Values) -> Any:
    return values["cleaning_hours"] * values["cleaning_saved"] * wage(values)


def _review(values: Values) -> Any:
    return -values["fine_tunes"] * values["review_hours"] * wage(values)


def _accuracy(values: Values) -> Any:
    return values["accuracy"] * values["point_value"]


def _setup(values: Values) -> Any:
    return -values["setup_hours"] * wage(values) / values["months"]


PIECES: dict[str, Piece] = {
    "training": Piece("Training time", "Machine hours that fine-tuning on the kept tokens saves, or costs more.",
                      _training),
    "scoring": Piece("Scoring", "Machine hours in which the base model scores the data.", _scoring),
    "cleaning": Piece("Data cleaning", "People's hours of cleaning that become unnecessary, by your assumption.",
                      _cleaning),
    "review": Piece("Looking at verdicts", "People's hours to look at verdicts and settle thresholds.", _review),
    "accuracy": Piece("Accuracy", "What more right answers are worth to you.", _accuracy),
    "setup": Piece("Setting up", "People's hours of taking XTF in, spread over the months.", _setup),
}


def pieces(values: Values) -> dict[str, Any]:
    """Every part of the return, a month."""
    return {name: piece.of(values) for name, piece in PIECES.items()}


def net(values: Values) -> Any:
    """Their sum: what XTF brings in a month, less what it costs."""
    return np.sum(np.broadcast_arrays(*pieces(values).values()), axis=0)[()]
