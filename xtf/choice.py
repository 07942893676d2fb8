"""What a strategy other than XTF's own makes of a run: one verdict a token, with a reason that can be told."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Choice:
    """The choice of one strategy over M tokens in N examples, before anything is decided by hand."""

    keep: np.ndarray  # bool[M], False where a token is not trainable
    #: Of a token (its place in the flat arrays): the reason of its verdict, to go on from "Dropped: " or "Kept: ".
    why: Callable[[int], str]
    signal: np.ndarray | None = None  # float32[M], what it goes by; NaN where there is none
    higher_is_kept: bool = True  # which end of the signal is kept
    weights: np.ndarray | None = None  # float32[M]: what the loss of a kept token is multiplied by; None: by 1
    dropped_examples: np.ndarray | None = None  # bool[N], of a strategy that drops whole examples
    why_example: Callable[[int], str] | None = None  # then: the reason for one of these, by its place
    by_hand: bool = True  # whether verdicts by hand go before it
    notes: tuple[str, ...] = ()
    title: str = ""  # of the strategy: `xtf.strategies.judge` writes it in
