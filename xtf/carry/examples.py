"""Example by example: the data rendered for both tokenizers, and the verdicts carried from one to the other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from xtf import filters
from xtf.carry.bridge import Bridge
from xtf.carry.drawings import carry_drawing
from xtf.carry.source import Scored, scored
from xtf.data.render import Drawing
from xtf.data.types import Tokens
from xtf.filters import Verdicts
from xtf.store import ScoreTable


@dataclass(frozen=True)
class CarriedExample:
    """An example of the run as the other tokenizer has it. T tokens."""

    index: int  # in the run
    id: str
    tokens: Tokens
    bits: np.ndarray  # uint8[T], why a token is dropped
    relation: np.ndarray  # uint8[T], of `Relation`; counts for trainable tokens only
    mixed: np.ndarray  # bool[T]: made of kept and of dropped tokens
    unmatched: int  # responses whose text the two templates leave so different that it cannot be matched
    scored_trainable: int  # tokens of the run
    scored_kept: int

    @property
    def keep(self) -> np.ndarray:
        """bool[T]: the loss sees the token."""
        return self.tokens.trainable & (self.bits == 0)


def examples(bridge: Bridge, table: ScoreTable, verdicts: Verdicts, tally: Counter[str]) -> Iterator[CarriedExample]:
    """The run's examples in order, one at a time; those that cannot be used for the other model are left out and
    counted in `tally` (skipped_too_long, skipped_empty), and so are those that are cut (truncated).

    Raises: StoreError where the data no longer gives the tokens that were scored; DataError as rendering does.
    """
    draw = bridge.other.drawer(tally)
    for one in scored(bridge.scored, bridge.run, table):
        other = draw(one.example)
        if other is not None:
            yield _carried(one, other, verdicts)


def _carried(one: Scored, other: Drawing, verdicts: Verdicts) -> CarriedExample:
    bits = verdicts.bits[one.here]
    found, unmatched = carry_drawing(one.example, one.drawing, bits, other)
    spared = (other.tokens.marks & filters.protected_marks(verdicts.thresholds)) != 0
    spared &= (found.bits & filters.BY_HAND) == 0
    found = replace(found, bits=np.where(spared | ~other.tokens.trainable, np.uint8(0), found.bits))
    trainable = one.drawing.tokens.trainable
    return CarriedExample(
        one.index, one.example.id, other.tokens, found.bits, found.relation, found.mixed, unmatched,
        int(np.count_nonzero(trainable)), int(np.count_nonzero(trainable & (bits == 0))))
