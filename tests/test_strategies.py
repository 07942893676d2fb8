"""Which tokens each strategy trains: worked by hand, and held to what a control must be on random runs."""

import numpy as np
import pytest

from tests.random_tables import random_table, random_thresholds
from tests.tables import EOS, FINAL, PROMPT, RESPONSE, table
from xtf import filters, strategies
from xtf.config import ByType, Cutoff, Off, Thresholds

KNOWN, NEW = float(np.log(0.99)), float(np.log(0.1))


def test_golden():
    # One prompt token, then p of .99 .1 .99 .1 | .99 on the answer line, .99 at the end of turn: the cutoff of .95
    # drops the first and third response token, and the two last ones are protected.
    scores = table([[1, 2, 3, 4, 5, 6, 7]], [[PROMPT, RESPONSE, RESPONSE, RESPONSE, RESPONSE, FINAL, EOS]],
                   {"logprob": [[np.nan, KNOWN, NEW, KNOWN, NEW, KNOWN, KNOWN]]})
    verdicts = filters.judge(scores, Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.95),
                                                insist=True))
    assert strategies.keep("xtf", scores, verdicts).tolist() == [0, 0, 1, 0, 1, 1, 1]
    assert strategies.keep("normal", scores, verdicts).tolist() == [0, 1, 1, 1, 1, 1, 1]
    drawn = [strategies.keep("random", scores, verdicts, seed) for seed in range(30)]
    assert {keep.sum() for keep in drawn} == {4} and all(keep[5] and keep[6] and not keep[0] for keep in drawn)
    assert np.mean(drawn, axis=0)[1:5] == pytest.approx(0.5, abs=0.3)  # any of the four
    assert (drawn[3] == strategies.keep("random", scores, verdicts, 3)).all()


def test_what_is_decided_by_hand_is_the_same_for_the_control():
    scores = table([[1, 2, 3, 4, 5, 6]], scores={"logprob": [[KNOWN, NEW, KNOWN, NEW, KNOWN, NEW]]})
    rules = Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.95), insist=True, overrides=(
        ByType(action="keep", token=1), ByType(action="drop", token=2)))
    verdicts = filters.judge(scores, rules)
    for seed in range(10):
        keep = strategies.keep("random", scores, verdicts, seed)
        assert keep[0] and not keep[1] and keep.sum() == verdicts.keep.sum()


@pytest.mark.parametrize("seed", range(40))
def test_random_keeps_exactly_as_many_and_never_more_than_may_be_trained(seed):
    random = np.random.default_rng(seed)
    scores, thresholds = random_table(random), random_thresholds(random)
    verdicts = filters.judge(scores, thresholds)
    keep = strategies.keep("random", scores, verdicts, seed)
    assert keep.sum() == verdicts.keep.sum() and not (keep & ~scores.trainable).any()
    protected = (scores.marks & filters.protected_marks(thresholds)) != 0
    assert (keep[protected] == verdicts.keep[protected]).all()
