"""Intervals and paired tests against values worked by hand, and p under a null that is made to hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from xtf.evaluation.statistics import Difference, holm, mean, paired, ratio, share, tie

NAN = float("nan")


def test_a_share_has_wilsons_interval():
    # n = 10, p = 0.8, z = 1.95996: centre (p + z²/2n) / (1 + z²/n) = 0.99207 / 1.38415 = 0.71674,
    # half z·√(p(1-p)/n + z²/4n²) / (1 + z²/n) = 0.31364 / 1.38415 = 0.22659.
    found = share(np.array([1] * 8 + [0] * 2 + [NAN]))
    assert (found.value, found.n) == (0.8, 10)
    assert (found.low, found.high) == pytest.approx((0.49016, 0.94332), abs=2e-5)


def test_wilson_says_something_of_none_right_and_of_nothing():
    found = share(np.zeros(3))
    assert found.low == 0 and found.high == pytest.approx(3.84146 / (3 + 3.84146), abs=1e-5)  # z² / (n + z²)
    assert share(np.array([NAN])).n == 0 and math.isnan(share(np.array([NAN])).low)


def test_a_share_refuses_what_is_none():
    with pytest.raises(ValueError):
        share(np.array([0.5]))


def test_a_token_weighted_loss_is_a_ratio_of_sums():
    # (3 + 5) nats / (1 + 3) tokens = 2; a resample holds the first twice (3), the second twice (5/3), or both (2),
    # with chances 1/4, 1/4 and 1/2: the middle 95 % is the whole range.
    found = ratio(np.array([3.0, 5.0, 0.0]), np.array([1, 3, 0]))
    assert (found.value, found.low, found.high, found.n) == (2, pytest.approx(5 / 3), 3, 2)


def test_one_item_has_no_interval():
    found = mean(np.array([0.3, NAN]))
    assert found.value == 0.3 and math.isnan(found.low) and found.n == 1


def test_the_interval_of_a_mean_is_about_two_standard_errors():
    values = np.random.default_rng(0).normal(size=400)
    error = values.std(ddof=1) / 20
    found = mean(values)
    assert (found.low, found.high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error),
                                                    abs=0.15 * error)


def test_right_and_wrong_of_one_seed_are_mcnemars_exact_test():
    # Five items changed, all for the better: p = 2 · (1/2)⁵ = 0.0625. One was right under both, one wrong.
    found = paired(np.array([1, 1, 1, 1, 1, 1, 0.0]), np.array([0, 0, 0, 0, 0, 1, 0.0]))
    assert (found.value, found.p, found.n) == (pytest.approx(5 / 7), pytest.approx(0.0625), 7)
    # Seven changed, six for the better: 2 · (1 + 7) / 2⁷ = 0.125.
    assert paired(np.array([1, 1, 1, 1, 1, 1, 0.0]), np.array([0, 0, 0, 0, 0, 0, 1.0])).p == pytest.approx(0.125)


def test_sign_flips_agree_with_all_signs_counted():
    # Differences 1, 2, 3: of 8 signs only +++ and --- reach 6, so p = 2/8.
    found = paired(np.array([1.0, 2, 3]), np.zeros(3))
    assert found.p == pytest.approx(0.25, abs=0.03) and found.value == 2


def test_nothing_that_differs_is_a_tie():
    found = paired(np.ones((2, 4)), np.ones(4))
    assert found == Difference(0, 0, 0, 1.0, 4) and tie(found)
    assert tie(paired(np.array([NAN]), np.array([1.0]))) and not tie(Difference(0.1, 0.05, 0.2, 0.01, 9))


def test_seeds_are_averaged_and_the_base_model_needs_none():
    # Means over two seeds are 1, 2, NaN (left out); less 0, 1, 0: differences 1 and 1.
    found = paired(np.array([[0.0, 1, 5], [2, 3, NAN]]), np.array([0.0, 1, 0]))
    assert (found.value, found.n) == (1, 2)
    assert found.low < 1 < found.high  # the seeds differ by 2, and that is in the interval
    assert paired(np.array([1.0, 2]), np.array([0.0, 1])).low == 1  # without that it would be a point


def test_weights_make_a_difference_of_token_weighted_losses():
    # 10 tokens at 2 nats and 30 at 1: (20 + 30) / 40 = 1.25 against (10 + 60) / 40 = 1.75.
    found = paired(np.array([2.0, 1.0]), np.array([1.0, 2.0]), weights=np.array([10, 30]))
    assert found.value == pytest.approx(-0.5)


def test_a_paired_test_is_of_the_same_items():
    with pytest.raises(ValueError):
        paired(np.zeros(3), np.zeros(2))


def test_p_is_uniform_where_nothing_differs():
    random = np.random.default_rng(3)
    found = np.array([paired(random.normal(size=12), np.zeros(12), seed=number).p for number in range(400)])
    for level in (0.05, 0.25, 0.5, 0.75):  # four standard errors at most
        assert abs((found <= level).mean() - level) < 4 * math.sqrt(level * (1 - level) / 400)


@given(some.lists(some.floats(-5, 5), min_size=2, max_size=20))
def test_the_other_way_round_is_the_same_but_for_the_sign(values):
    a, b = np.array(values), np.zeros(len(values))
    there, back = paired(a, b), paired(b, a)
    assert there.value == -back.value and there.p == back.p
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)
    assert there.low - 1e-9 <= there.value <= there.high + 1e-9 or len(values) < 6


def test_holms_step_down_by_hand():
    # Sorted 0.005, 0.01, 0.03, 0.04, times 4, 3, 2, 1: 0.02, 0.03, 0.06, and 0.04, which 0.06 before it lifts.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, NAN, 0.5]) == pytest.approx([1.0, NAN, 1.0], nan_ok=True)  # NaN is no test: two are left
    assert holm([0.02]) == [0.02] and holm([]) == []


@given(some.lists(some.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_a_p_keeps_the_order_and_is_milder_than_bonferroni(p):
    found = holm(p)
    assert all(one <= adjusted <= min(1, len(p) * one) + 1e-12 for one, adjusted in zip(p, found, strict=True))
    order = np.argsort(p, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 0).all()


def test_a_difference_is_shown_by_interval_and_adjusted_p_together():
    assert Difference(0.1, 0.05, 0.2, 0.01, 9).shown
    assert not Difference(0.1, 0.05, 0.2, 0.01, 9, adjusted=0.06).shown
    assert not Difference(0.1, -0.05, 0.2, 0.01, 9, adjusted=0.02).shown
    assert not Difference(0.1, 0.05, 0.2, NAN, 9).shown
