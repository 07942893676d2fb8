"""What others are measured against: all tokens, tokens at random, and more data."""

import numpy as np
import pandas as pd

from xtf import filters
from xtf.choice import Choice
from xtf.config import Augment, Normal, Random
from xtf.explain import percent
from xtf.filters import Verdicts
from xtf.store import ScoreTable

TWIN = "-twin"  # how the id of an example ends that augmentation has added


def normal(table: ScoreTable, chosen: Normal, verdicts: Verdicts) -> Choice:
    """Everything: what a person decided does not count, either."""
    return Choice(table.trainable, lambda token: "plain fine-tuning trains every response token", by_hand=False)


def random(table: ScoreTable, chosen: Random, verdicts: Verdicts) -> Choice:
    """Exactly as many tokens as the thresholds keep, or the given share of all, drawn over the dataset.

    At the matched share they are drawn from those that the rules decide about: what is protected or decided by hand
    stays as it is, so that the two differ in the scores alone.
    """
    if chosen.keep is None:
        shield, by_hand = filters.guarded(table.marks, verdicts.hand, verdicts.thresholds)
        free = np.flatnonzero(table.trainable & ~shield & ~by_hand)
        dropped = int(np.count_nonzero(~verdicts.keep[free]))
        keep = table.trainable & ~by_hand
    else:
        free = np.flatnonzero(table.trainable)
        dropped = len(free) - round(chosen.keep * len(free))
        keep = table.trainable.copy()
    keep[np.random.default_rng(chosen.seed).choice(free, dropped, replace=False)] = False
    share = percent(int(keep.sum()) / max(1, int(table.trainable.sum())))

    def why(token: int) -> str:
        if keep[token]:
            return f"not drawn; {share} of the response tokens are kept"
        return f"drawn at random, so that {share} of the response tokens are kept"

    return Choice(keep, why)


def is_augmented(table: ScoreTable) -> bool:
    """Whether a run holds twins."""
    return bool(_twins(table).any())


def _twins(table: ScoreTable) -> np.ndarray:
    """bool[N]"""
    return pd.Series(table.example_ids).str.endswith(TWIN).to_numpy(bool)


def augmented(table: ScoreTable, chosen: Augment, verdicts: Verdicts) -> Choice:
    """Everything of a run that holds twins."""
    twins = _twins(table)
    counts = table.trainable_counts
    more, before = int(counts[twins].sum()), int(counts[~twins].sum())
    note = (f"{np.count_nonzero(twins):,} twins add {more:,} response tokens to {before:,}: a pass over the data takes "
            f"{percent((more + before) / max(1, before))} of the tokens.")

    def why(token: int) -> str:
        whose = "a twin with other numbers or names" if twins[table.example_at(token)] else "an original example"
        return f"of {whose}; augmentation trains every response token"

    return Choice(table.trainable, why, by_hand=False, notes=(note,))
