"""Does a score say anything? Finds scores whose order within an answer is only rounding noise.

The published code's reasoning score is the case in point: averaged over a softmax row, every token has 1/T.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from xtf import blocks
from xtf.ranks import Scores

FEWEST = 3  # scored tokens in an answer for it to be judged


@dataclass(frozen=True)
class Informativeness:
    """The finding for one score over a dataset. `share`: of the judged responses, those in which it says nothing."""

    uninformative: bool
    share: float
    reason: str


def informativeness(scores: Scores) -> Informativeness:
    """An answer of three or more scored tokens speaks against the score when (max - min) / max |score| is within what
    rounding makes of equal numbers (`Scores.rounding`: 1e-5 after float32), or when more than half of its values are
    exactly equal; more than half of the answers condemn it."""
    signs = scores.flat.array(f"{scores.name}-signs-{scores.rounding:g}", np.uint8,
                              lambda: blocks.each(partial(_signs, scores), scores.offsets))
    judged = signs[(signs & _JUDGED) != 0]
    if not len(judged):
        return Informativeness(False, 0.0, "No response has enough scored tokens to judge the score by.")
    flat, tied = (judged & _FLAT) != 0, (judged & _TIED) != 0
    share = float((flat | tied).mean())
    return Informativeness(share > 0.5, share, _reason(flat, tied))


_JUDGED, _FLAT, _TIED = np.uint8(1), np.uint8(2), np.uint8(4)


def _signs(scores: Scores, first: int, last: int) -> np.ndarray:
    """uint8, for the examples first .. last - 1: judged, no spread beyond rounding, more than half equal."""
    ranked, counts = scores.ranked_among(first, last)
    starts = np.cumsum(counts) - counts
    scored = counts > 0

    def at(rank: np.ndarray) -> np.ndarray:
        found = np.full(len(counts), np.nan)
        found[scored] = ranked[(starts + rank)[scored]]
        return found

    least, middle, greatest = at(np.zeros_like(counts)), at(counts // 2), at(counts - 1)
    # What fills more than half of a sorted row also stands in its middle.
    equal = ranked == np.repeat(middle.astype(np.float32), counts)
    running = np.concatenate([np.zeros(1, np.int64), np.cumsum(equal)])
    ties = running[starts + counts] - running[starts]
    flat = greatest - least <= scores.rounding * np.maximum(np.abs(least), np.abs(greatest))
    return (counts >= FEWEST) * _JUDGED + flat * _FLAT + (ties * 2 > counts) * _TIED


def _reason(flat: np.ndarray, tied: np.ndarray) -> str:
    speaking, total = int((~(flat | tied)).sum()), len(flat)
    if 2 * speaking >= total:
        return f"The scores differ from token to token in {speaking} of {total} judged responses."
    signs = {"are the same but for rounding": int(flat.sum()), "are more than half exactly equal": int(tied.sum())}
    words = " and ".join(f"{sign} in {count}" for sign, count in signs.items() if count)
    return (f"Uninformative: the scores {words} of {total} judged responses, so what a threshold drops is "
            "rounding noise.")
