"""What the arms of a comparison have in common: passes over the data, trained tokens, or seconds on the clock.

    raw     every arm makes the same passes over the data, whatever it keeps of it
    kept    every arm trains until it has seen as many trained tokens as normal fine-tuning does
    clock   every arm has the seconds that normal fine-tuning trained for, less what its strategy takes beforehand

An arm's passes are settled before it starts, so that its learning rate ends where it should, and are remembered with
the comparison, so that an arm that is taken up again is the same.
"""

from typing import Literal, NamedTuple

import numpy as np

from xtf.errors import TrainingError
from xtf.progress import duration

Budget = Literal["raw", "kept", "clock"]
NORMAL = "normal"  # the strategy that the others are measured by
#: For people: what each one is called, and what it means.
WORDS: dict[str, tuple[str, str]] = {
    "raw": ("Equal passes", "every arm makes the same passes over the data, so all read the same tokens"),
    "kept": ("Equal trained tokens", "every arm trains until its loss has seen as many tokens as normal fine-tuning's"),
    "clock": ("Equal wall clock", "every arm has the seconds of normal fine-tuning, and what its strategy takes "
                                  "beforehand (scoring, reference models, other passes) is taken off"),
}
#: Strategies that go without scores, so that the scoring pass is none of their cost. Random is at whatever share one
#: likes, which takes no scores to know.
UNSCORED = ("normal", "random", "augment", "slm")
#: Seconds of a token read, in those of normal fine-tuning: beside its step (a forward pass, and a backward pass that
#: takes two), selective language modelling makes a forward pass to see what it selects.
PACES = {"slm": 4 / 3}
_DIGITS = 4  # of passes; a step is seldom as little as a ten thousandth of one


class Pass(NamedTuple):
    """One pass over the data as an arm sees it: tokens that its loss sees, and tokens that its model reads."""

    trained: float
    read: int


class Given(NamedTuple):
    """What one arm was given: passes over its data, and the seconds that its strategy took before."""

    epochs: float
    preparation: float


def one_pass(keep: np.ndarray, offsets: np.ndarray, selected: float = 1.0) -> Pass:
    """keep bool[M], offsets int64[N+1]. What comes after an example's last trained token is not read, nor that token;
    where a share of the tokens is `selected` anew in each batch, the loss sees that share."""
    places = np.flatnonzero(keep)
    if not len(places):
        return Pass(0, 0)
    example = np.searchsorted(offsets, places, side="right") - 1
    last = np.append(np.flatnonzero(np.diff(example)), len(places) - 1)  # of the places, the last of each example
    return Pass(selected * len(places), int((places[last] - offsets[example[last]]).sum()))


def by_tokens(epochs: float, normal: Pass, arm: Pass) -> float:
    """Passes after which an arm has seen as many trained tokens as normal fine-tuning after `epochs`."""
    return round(epochs * normal.trained / arm.trained, _DIGITS)


def by_clock(seconds: float, preparation: float, pace: float, arm: Pass) -> float:
    """Passes that fit into what `seconds` leave after the preparation. `pace`: seconds a token read.

    Raises: TrainingError where nothing is left.
    """
    left = seconds - preparation
    if left <= 0:
        raise TrainingError(f"Its preparation alone took {duration(preparation)}, and normal fine-tuning trained for "
                            f"{duration(seconds)}: at equal wall clock nothing is left to train in. Compare at another "
                            "--budget, or on more data.")
    return round(max(left / (pace * arm.read), 10 ** -_DIGITS), _DIGITS)
