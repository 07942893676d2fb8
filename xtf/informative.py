"""Does a score say anything? Finds scores whose order within an answer is only rounding noise.

The published code's reasoning score is the case in point: averaged over a softmax row, every token has 1/T.
"""

from dataclasses import dataclass

import numpy as np

from xtf.ranks import Scores

SPREAD = 1e-5  # relative; rounding of float32 sums stays below it
FEWEST = 3  # scored tokens in an answer for it to be judged


@dataclass(frozen=True)
class Informativeness:
    """The finding for one score over a dataset. `share`: of the judged answers, those in which it says nothing."""

    uninformative: bool
    share: float
    reason: str


def informativeness(scores: Scores) -> Informativeness:
    """An answer of three or more scored tokens speaks against the score when (max - min) / max |score| is below 1e-5
    or when more than half of its values are exactly equal; more than half of the answers condemn it."""
    judged = scores.counts >= FEWEST
    if not judged.any():
        return Informativeness(False, 0.0, "No answer has enough scored tokens to judge the score by.")
    flat, tied = (flags[judged] for flags in _signs(scores))
    share = float((flat | tied).mean())
    return Informativeness(share > 0.5, share, _reason(flat, tied))


def _signs(scores: Scores) -> tuple[np.ndarray, np.ndarray]:
    """bool[N] twice: spread below 1e-5, more than half equal."""
    counts = scores.counts
    last = np.maximum(counts - 1, 0)
    least, greatest, middle = (scores.at_rank(rank) for rank in (np.zeros_like(counts), last, counts // 2))
    # What fills more than half of a sorted row also stands in its middle.
    equal = scores.ranked == np.repeat(middle.astype(np.float32), counts)
    running = np.concatenate([np.zeros(1, np.int64), np.cumsum(equal)])
    ties = running[scores.starts + counts] - running[scores.starts]
    size = np.maximum(np.abs(least), np.abs(greatest))
    return greatest - least <= SPREAD * size, ties * 2 > counts


def _reason(flat: np.ndarray, tied: np.ndarray) -> str:
    speaking, total = int((~(flat | tied)).sum()), len(flat)
    if 2 * speaking >= total:
        return f"The scores differ from token to token in {speaking} of {total} judged answers."
    signs = {"are the same to five digits": int(flat.sum()), "are more than half exactly equal": int(tied.sum())}
    words = " and ".join(f"{sign} in {count}" for sign, count in signs.items() if count)
    return f"Uninformative: the scores {words} of {total} judged answers, so what a threshold drops is rounding noise."
