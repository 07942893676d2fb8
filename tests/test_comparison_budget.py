"""What arms are given at each budget, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from xtf.comparison import budget
from xtf.comparison.budget import Pass, by_clock, by_tokens, one_pass
from xtf.errors import TrainingError


def test_a_pass_reads_up_to_the_token_before_the_last_trained_one():
    # Examples of 4, 3 and 2 tokens. Trained are tokens 1 and 2 of the first, none of the second, 1 of the third: the
    # model reads tokens 0 and 1 of the first (2 predicts nothing that counts) and token 0 of the third.
    keep = np.array([0, 1, 1, 0, 0, 0, 0, 0, 1], bool)
    assert one_pass(keep, np.array([0, 4, 7, 9])) == Pass(3, 3)
    assert one_pass(keep, np.array([0, 4, 7, 9]), selected=0.6) == Pass(pytest.approx(1.8), 3)
    assert one_pass(np.zeros(9, bool), np.array([0, 4, 7, 9])) == Pass(0, 0)


@given(some.lists(some.lists(some.booleans(), min_size=1, max_size=6), min_size=1, max_size=6))
def test_a_pass_reads_what_a_loop_counts(examples):
    for one in examples:
        one[0] = False  # nothing predicts the first token
    offsets = np.cumsum([0, *map(len, examples)])
    read = sum(max((place for place, kept in enumerate(one) if kept), default=0) for one in examples)
    assert one_pass(np.concatenate(examples).astype(bool), offsets) == Pass(sum(map(sum, examples)), read)


def test_an_arm_with_three_quarters_of_the_tokens_makes_a_third_more_passes():
    # 2 passes of 1,000 tokens are 2,000; at 750 a pass that takes 2.6667 passes.
    assert by_tokens(2, Pass(1000, 5000), Pass(750, 4800)) == 2.6667
    assert by_tokens(2, Pass(1000, 5000), Pass(2000, 10_000)) == 1.0  # twice the data, half the passes


def test_the_clock_counts_what_comes_before_training():
    # Normal read 10,000 tokens in 100 s, 0.01 s each. With 40 s of scoring, 60 s are left for passes of 4,000 tokens:
    # 40 s each, so 1.5 of them.
    assert by_clock(100, 40, 0.01, Pass(750, 4000)) == 1.5
    # With a forward pass more in each step a token takes 4/3 of that.
    assert by_clock(100, 40, 0.01 * budget.PACES["slm"], Pass(750, 4000)) == 1.125


def test_an_arm_whose_preparation_takes_longer_says_so():
    with pytest.raises(TrainingError, match=r"preparation alone took 1 min 40 s, and normal .* for 1 min 40 s"):
        by_clock(100, 100, 0.01, Pass(750, 4000))
