"""The return, its range, swings and break-even points, against values worked out by hand."""

import math

import numpy as np
import pytest

from xtf.config import settings
from xtf.errors import SettingsError
from xtf.value import model, ranges, words
from xtf.value.inputs import inputs, unused
from xtf.value.measured import Measured
from xtf.value.settings import SPREADS, Amount, Spread, ValueSettings, moved

#: Nothing costs and nothing brings anything.
NOTHING = {"fine_tunes": 0, "cleaning_hours": 0, "setup_hours": 0}
#: All known: 3 fine-tunes of 3.6 million tokens read twice at 1,000 a second are 3 · 3.6e6 · 2 / 1000 / 3600 = 6 hours.
KNOWN = {"gpu_price": 2, "fine_tunes": 3, "tokens": 3.6e6, "epochs": 2, "train_speed": 1000, "score_speed": 2000,
         "rescored": 0.5, "time_by": "ratio", "time_ratio": 0.9, "kept_share": 0.75, "head_share": 0.2,
         "cleaning_hours": 20, "cleaning_saved": 0.1, "review_hours": 2, "salary": 80_000, "work_hours": 1600,
         "accuracy": 1.5, "point_value": 40, "setup_hours": 60, "months": 10}


def made(**values):
    return settings(ValueSettings, values)


def test_every_part_by_hand():
    found = model.pieces(ranges.at_likely(made(**KNOWN)))
    # Training: 6 hours at 2, of which a tenth is saved. Scoring: half of 3 · 3.6e6 / 2000 / 3600 = 1.5 hours, at 2.
    # An hour of a person: 80,000 / 1,600 = 50. Cleaning: 20 · 0.1 · 50. Review: 3 · 2 · 50. Setup: 60 · 50 / 10.
    assert found == pytest.approx({"training": 1.2, "scoring": -1.5, "cleaning": 100, "review": -300, "accuracy": 60,
                                   "setup": -300})
    assert model.net(ranges.at_likely(made(**KNOWN))) == pytest.approx(1.2 - 1.5 + 100 - 300 + 60 - 300)


def test_time_follows_the_kept_share_only_as_far_as_a_trainer_skips():
    by_kept = KNOWN | {"time_by": "kept"}
    # A quarter is dropped, which saves a fifth of a step for each: 1 - 0.2 · 0.25 = 0.95; 6 hours · 2 · 0.05 = 0.6.
    assert model.pieces(ranges.at_likely(made(**by_kept)))["training"] == pytest.approx(0.6)
    labels_alone = model.pieces(ranges.at_likely(made(**by_kept | {"head_share": 0})))
    assert labels_alone["training"] == 0 and labels_alone["scoring"] == -1.5  # no time saved, and scoring still costs


def test_what_is_known_exactly_is_no_range():
    found = ranges.outcome(made(**KNOWN))
    assert found.net == pytest.approx((-440.3, -440.3, -440.3)) and found.likely == pytest.approx(-440.3)
    assert found.pays == 0 and found.swings == []


def test_the_range_is_that_of_a_triangular_distribution():
    # Only accuracy counts, a point being worth 1: F(x) = (x + 1)² / 2 below 0, so F = 0.05 at √0.1 - 1 = -0.684.
    found = ranges.outcome(made(**NOTHING, accuracy="-1,0,1", point_value=1))
    assert found.net == pytest.approx((math.sqrt(0.1) - 1, 0, 1 - math.sqrt(0.1)), abs=0.03)
    assert found.pays == pytest.approx(0.5, abs=0.02)
    # 0 to 1, most likely 1: F(x) = x², so the middle is √0.5, and 5 % lie below √0.05.
    found = ranges.outcome(made(**NOTHING, accuracy="0,1,1", point_value=1))
    assert found.net == pytest.approx((math.sqrt(0.05), math.sqrt(0.5), math.sqrt(0.95)), abs=0.02)
    assert found.pays == 1


def test_draws_are_the_same_again_and_each_input_has_its_own():
    first, second = ranges.draws(made()), ranges.draws(made(salary="1,2,3"))
    for name in SPREADS:
        assert np.array_equal(first[name], second[name]) == (name != "salary")
    assert abs(np.corrcoef(first["gpu_price"], first["fine_tunes"])[0, 1]) < 0.04
    for name in SPREADS:
        spread = getattr(made(), name)
        assert spread.low <= first[name].min() and first[name].max() <= spread.high


def test_swings_move_one_input_at_a_time_and_the_widest_comes_first():
    found = ranges.outcome(made(**KNOWN | {"point_value": "0,40,100", "review_hours": "1,2,4"}))
    # The return is -440.3; 1.5 points are worth 0, 60 or 150; 3 fine-tunes · 50 are 150 for each hour of review.
    assert [swing.name for swing in found.swings] == ["review_hours", "point_value"]
    assert found.swings[0][1:] == pytest.approx((-290.3, -740.3))
    assert found.swings[1][1:] == pytest.approx((-500.3, -350.3))


def test_break_even_points_by_hand():
    found = ranges.outcome(made(**KNOWN)).break_even
    # 440.3 are missing: 440.3 / (20 · 50) more of the cleaning; 440.3 / 40 more points; 440.3 / 1.5 more for a point.
    assert found == pytest.approx({"cleaning_saved": 0.5403, "accuracy": 12.5075, "point_value": 40 + 440.3 / 1.5})
    for name, value in found.items():  # 12 hours' price is less than what is missing: no step time pays, so none here
        assert model.net(ranges.at_likely(made(**KNOWN), **{name: value})) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("values, said", [
    ({"gpu_price": "1,2"}, "gpu_price: value error, give one number, or three"),
    ({"gpu_price": "dear"}, "give one number"), ({"gpu_price": "3,2,1"}, "must not be above"),
    ({"gpu_price": -1}, "gpu_price.low"), ({"train_speed": 0}, "train_speed.low"), ({"kept_share": 1.2}, "kept_share"),
    ({"accuracy": "nan"}, "accuracy.low"), ({"currency": "=1+1"}, "currency"), ({"months": 0}, "months")])
def test_faulty_inputs_are_told_in_a_sentence(values, said):
    with pytest.raises(SettingsError, match=said):
        made(**values)


@pytest.mark.parametrize("end, value, expected", [
    ("low", 1.5, (1.5, 2, 4)), ("low", 9, (9, 9, 9)), ("likely", 0.5, (0.5, 0.5, 4)), ("likely", 5, (1, 5, 5)),
    ("high", 1.5, (1, 1.5, 1.5)), ("high", 0, (0, 0, 0))])
def test_an_end_that_is_moved_takes_the_others_along(end, value, expected):
    found = moved(Amount(low=1, likely=2, high=4), end, value)
    assert (found.low, found.likely, found.high) == expected and type(found) is Amount


def test_defaults_are_round_and_promise_nothing():
    found = ValueSettings()
    for name in SPREADS:
        for _, value in getattr(found, name):
            assert value == float(f"{value:.2g}")  # two digits: nobody could take them for measured
    at_likely = model.pieces(ranges.at_likely(found))
    assert at_likely["training"] == at_likely["cleaning"] == at_likely["accuracy"] == 0
    assert ranges.outcome(found).net.high < 0


@pytest.mark.parametrize("low, high, expected", [
    (-1398.2, -570.1, "−1,400 to −600 USD"), (-310, 95, "−310 to +100 USD"), (12.34, 56.7, "12 to 57 USD"),
    (0, 0, "0 USD"), (-0.061, -0.0161, "−0.06 to −0.02 USD"), (1.5, 1.5, "1.5 USD"), (0.001, 0.002, "under 0.01 USD"),
    (-0.001, 0, "−0.01 to 0.00 USD"), (-735.56, -734.4, "−740 to −730 USD"), (-3, 4, "−3.0 to +4.0 USD"),
    (-0.4, 0.5, "−0.40 to +0.50 USD"), (-2, 0, "−2.0 to 0.0 USD")])
def test_money_in_words(low, high, expected):
    assert words.money(low, high, "USD") == expected


def test_inputs_in_words():
    found = made(kept_share=0.7468, accuracy="-5.2,0,5", currency="€")
    assert words.shown("gpu_price", found) == "1 to 4 € an hour, likely 2"
    assert words.shown("kept_share", found) == "74.7 %"
    assert words.shown("accuracy", found) == "−5.2 to 5 points, likely 0"
    assert words.shown("tokens", found) == "5,000,000 to 20,000,000 tokens, likely 10,000,000"
    assert words.shown("months", found) == "12 months" and words.shown("time_by", found) == "the kept share"


def test_what_is_given_goes_before_what_was_measured():
    found = {"tokens": Measured(Amount(low=5, likely=5, high=5), "Five.")}
    one = inputs(found, {"gpu_price": "3"})
    assert one.settings.tokens.likely == 5 and one.settings.gpu_price.known
    assert one.sources["tokens"] == ("measured", "Five.")
    assert (one.sources["gpu_price"].kind, one.sources["salary"].kind) == ("yours", "default")
    assert inputs(found, {"tokens": "6"}).sources["tokens"].kind == "yours"
    assert inputs({}, {"time_ratio": "0.9"}).settings.time_by == "ratio"  # else it would not count
    assert unused(inputs({}, {}).settings) == ["time_ratio"]


def test_spreads_survive_as_text():
    for name in SPREADS:
        value = getattr(ValueSettings(), name)
        assert type(value).model_validate(str(value)) == value
    assert str(Spread(low=-1, likely=0, high=2.5)) == "-1,0,2.5"
