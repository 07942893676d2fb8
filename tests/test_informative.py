"""The detector of scores that say nothing."""

import math

import numpy as np
import pytest

from tests import tables
from tests.tables import NAN
from xtf import filters
from xtf.config import Cutoff, Quantile, Thresholds
from xtf.filters import attribute
from xtf.store import ScoreTable

# Uninformative scores -------------------------------------------------------------------------------------------------

def by_reasoning(rows: list[list[float]], **change: object):
    table = tables.table([[0] * len(row) for row in rows], scores={"received_mean_adjusted": rows})
    return attribute(table, Thresholds(reasoning=Quantile(share=0.5), **change), "reasoning")


CONSTANT = [0.01, 0.01 + 4e-8, 0.01 - 4e-8, 0.01 + 2e-8]  # 1/T and rounding
TIED = [0.5, 0.5, 0.5, 7.0, 9.0]  # three of five on one value
HALF = [0.5, 0.5, 3.0, 7.0]  # two of four: not more than half


def test_a_constant_score_drops_nothing_unless_insisted_on():
    found = by_reasoning([CONSTANT, CONSTANT])
    assert found.informative.uninformative and found.informative.share == 1.0
    assert not found.fails.any() and np.isnan(found.limits).all()
    assert found.notes == (
        "Uninformative: the scores are the same but for rounding in 2 of 2 judged responses, so what a threshold drops "
        "is rounding noise. It drops nothing unless you insist.",)
    insisted = by_reasoning([CONSTANT, CONSTANT], insist=True)
    assert insisted.fails.any() and insisted.notes == (insisted.informative.reason,)


@pytest.mark.parametrize("rows, share", [
    ([TIED], 1.0), ([HALF], 0.0), ([TIED, HALF], 0.5), ([TIED, HALF, TIED], 2 / 3),
    ([TIED, HALF, [1.0, 1.0], [2.0], []], 0.5),  # answers of fewer than three tokens are not judged
    ([[1.0, 1.0]], 0.0), ([[NAN, 0.5, 0.5, 7.0]], 1.0), ([[0.0, 0.0, 0.0]], 1.0),
    ([[-1.0, -2.0, -3.0]], 0.0),
])
def test_more_than_half_of_the_judged_answers_condemn_a_score(rows, share):
    found = by_reasoning(rows)
    assert found.informative.share == pytest.approx(share)
    assert found.informative.uninformative == (share > 0.5)


def by_novelty(logprob: list[float], rule=None):
    table = tables.table([[0] * len(logprob)], scores={"logprob": [logprob]})
    return attribute(table, Thresholds(novelty=rule or Cutoff(value=0.95)), "novelty")


def test_near_certain_tokens_are_still_told_apart():
    # p is 1 - 1e-9 … 1 - 5e-9, all of which float32 rounds to 1.0; 1 - p is not.
    found = by_novelty([-1e-9, -2e-9, -3e-9, -4e-9, -5e-9])
    assert set(found.values.tolist()) == {1.0}
    assert not found.informative.uninformative and found.fails.all()


def test_data_that_the_model_knows_by_heart_is_dropped_not_called_uninformative():
    found = by_novelty([0.0, 0.0, 0.0, 0.0, -0.1, -1.0, -3.0])
    assert not found.informative.uninformative
    assert found.fails.tolist() == [True] * 4 + [False] * 3


def test_a_model_that_gives_everything_one_probability_is_found_out():
    found = by_novelty([math.log(0.99)] * 5)
    assert found.informative.uninformative and not found.fails.any()


def test_what_a_short_number_format_makes_of_equal_weights_is_no_information():
    """bfloat16 spaces numbers 2^-8 apart: the published code's constant then differs from token to token."""
    row_mean = [[0.008 * (1 + 0.0007 * (t * 7 % 10) / 10) for t in range(40)]]
    settings = Thresholds(reasoning_score="row_mean", reasoning=Quantile(share=0.2))
    exact = tables.table([list(range(1, 41))], None, {"row_mean": row_mean})
    assert filters.judge(exact, settings).attributes["reasoning"].fails.sum() == 8
    rough = ScoreTable(exact.shards, exact._types, rounding=2.0**-8)
    found = filters.judge(rough, settings).attributes["reasoning"]
    assert found.informative.uninformative and not found.fails.any()
