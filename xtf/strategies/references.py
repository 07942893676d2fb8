"""Excess loss: how much lower a reference model's loss is. Rho-1 and the two forms of token cleaning."""

import numpy as np

from xtf.added import reference
from xtf.choice import Choice
from xtf.config import SelfEvolving, Slm, TokenCleaning
from xtf.explain import percent, told_apart
from xtf.filters import Verdicts
from xtf.ranks import highest
from xtf.store import ScoreTable

PARTS = 5


def excess(table: ScoreTable, column: str) -> np.ndarray:
    """float32[M], nats: L_base - L_reference of each response token, NaN elsewhere."""
    return table.column(column) - table.column("logprob")


def parts(examples: int, count: int = PARTS) -> np.ndarray:
    """int64[N]: the part of each example, at random and always the same."""
    shuffled = np.random.default_rng(0).permutation(examples)
    of = np.empty(examples, np.int64)
    for number, some in enumerate(np.array_split(shuffled, count)):
        of[some] = number
    return of


def slm(table: ScoreTable, chosen: Slm, verdicts: Verdicts) -> Choice:
    """Lin et al., 2024, "Rho-1", Eq. 3 and 4, for the model as it is before its first step; while it learns, each batch
    is chosen from anew (`xtf.training.online`)."""
    signal = excess(table, reference(chosen.reference))
    note = "Selective LM chooses anew in each batch of a fine-tune: shown is what it would keep before the first step."
    return _choice(table, signal, highest(signal, chosen.keep), reference(chosen.reference), chosen.keep, notes=(note,))


def token_cleaning(table: ScoreTable, chosen: TokenCleaning, verdicts: Verdicts) -> Choice:
    """Pang et al., 2025, "Token Cleaning", with a fixed reference model: the global top share by excess loss."""
    signal = excess(table, reference(chosen.reference))
    return _choice(table, signal, highest(signal, chosen.keep), reference(chosen.reference), chosen.keep)


def self_evolving(table: ScoreTable, chosen: SelfEvolving, verdicts: Verdicts) -> Choice:
    """The same, self-evolving: the top share of each part, by the reference model that has learnt from those before."""
    column = reference(chosen.reference, evolving=True)
    signal = excess(table, column)
    of = np.repeat(parts(len(table)), np.diff(table.offsets))
    keep = np.zeros(len(signal), bool)
    for part in range(PARTS):
        keep |= highest(np.where(of == part, signal, np.float32(np.nan)), chosen.keep)
    return _choice(table, signal, keep, column, chosen.keep, whose=f" of its part (of {PARTS})")


def _choice(table: ScoreTable, signal: np.ndarray, keep: np.ndarray, column: str, share: float,
            whose: str = "", notes: tuple[str, ...] = ()) -> Choice:
    known, base = table.column(column), table.column("logprob")

    def why(token: int) -> str:
        before, after = -float(base[token]), -float(known[token])
        change = f"from {told_apart(before, after)} to {told_apart(after, before)} nats"
        moved = "lowers" if after < before else "raises" if after > before else "leaves"
        rank = f"among the {percent(share)} with the highest excess loss{whose}"
        return f"the reference model {moved} its loss {change}, which is {'' if keep[token] else 'not '}{rank}"

    return Choice(keep, why, signal, notes=notes)
