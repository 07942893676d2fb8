"""Methods that the scoring pass serves at no further cost: by p, by entropy, or by both."""

import numpy as np

from xtf.choice import Choice
from xtf.config import Dft, Eaft, Entropy, Stm
from xtf.explain import percent, told_apart
from xtf.filters import Verdicts, probability
from xtf.ranks import highest
from xtf.store import ScoreTable


def stm(table: ScoreTable, chosen: Stm, verdicts: Verdicts) -> Choice:
    """Selective token masking: p below the cutoff is dropped (a token perplexity above 2.5 at 0.4)."""
    p = _p(table)
    keep = table.trainable & ~(p < np.float32(chosen.cutoff))

    def why(token: int) -> str:
        side = "not below" if keep[token] else "below"
        return (f"the base model gives it {percent(float(p[token]), chosen.cutoff)}, {side} the "
                f"{percent(chosen.cutoff)} cutoff")

    return Choice(keep, why, p)


def dft(table: ScoreTable, chosen: Dft, verdicts: Verdicts) -> Choice:
    """Wu et al., 2025, "On the Generalization of SFT": the loss of each token times its p, here the base model's."""
    p = _p(table)
    return Choice(table.trainable, lambda token: f"with weight {told_apart(float(p[token]), 0.0, 1.0)}, the p "
                  "that the base model gives it", p, weights=np.nan_to_num(p, nan=0.0))


def eaft(table: ScoreTable, chosen: Eaft, verdicts: Verdicts) -> Choice:
    """Confident conflicts: tokens in the lowest share of all response tokens both by entropy and by p are dropped."""
    p, entropy = _p(table), table.column("entropy")
    limits = [_quantile(values, chosen.drop) for values in (entropy, p)]
    conflict = (entropy < limits[0]) & (p < limits[1])

    def why(token: int) -> str:
        told = (f"entropy {told_apart(float(entropy[token]), limits[0])} nats (limit {told_apart(limits[0])}) and p "
                f"{percent(float(p[token]), limits[1])} (limit {percent(limits[1])})")
        both = f"both among the lowest {percent(chosen.drop)}"
        if conflict[token]:
            return f"{told} are {both}: the base model is sure of something else"
        return f"{told} are not {both}"

    signal = np.fmax(_ranked(entropy), _ranked(p))  # drops where the higher of the two percentiles is below the share
    return Choice(table.trainable & ~conflict, why, signal)


def entropy(table: ScoreTable, chosen: Entropy, verdicts: Verdicts) -> Choice:
    """Wang et al., 2025, "Beyond the 80/20 Rule": the share of tokens with the highest entropy."""
    values = table.column("entropy")
    keep = highest(values, chosen.keep)

    def why(token: int) -> str:
        side = "among" if keep[token] else "not among"
        return (f"the base model's entropy of {told_apart(float(values[token]))} nats is {side} the highest "
                f"{percent(chosen.keep)}")

    return Choice(keep, why, values)


def _p(table: ScoreTable) -> np.ndarray:
    """float32[M], NaN where a token is not trainable."""
    return probability(table.column("logprob"))


def _quantile(values: np.ndarray, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if len(known) else float("nan")


def _ranked(values: np.ndarray) -> np.ndarray:
    """float32[M]: the share of the numbers below each one, NaN for NaN."""
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    ordered = values[order]
    starts = np.append(True, ordered[1:] != ordered[:-1])[:len(order)]  # equals share the place of their first
    ranks = np.full(len(values), np.nan, np.float32)
    ranks[order] = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0)) / max(1, len(order))
    return ranks
