"""Figures of the return: what is drawn where, and that it reads without colours."""

import pytest

from xtf.config import settings
from xtf.figures import value as figures
from xtf.figures.drawing import alt
from xtf.value import ranges
from xtf.value.settings import ValueSettings

#: Only these two count: 2 points are worth 0 to 100, likely 50 each; setting up costs 10 · 50 / 10 months = 50.
GIVEN = {"fine_tunes": 0, "cleaning_hours": 0, "accuracy": 2, "point_value": "0,50,100", "setup_hours": "0,10,40",
         "salary": 80_000, "months": 10}


@pytest.fixture(scope="module")
def found():
    made = settings(ValueSettings, GIVEN)
    return made, ranges.outcome(made)


def test_the_tornado_runs_from_the_likely_return_to_that_at_each_end(found):
    made, outcome = found
    low, high = figures.tornado(outcome, made).data
    # Likely: 2 · 50 - 50 = 50. A point worth 0 or 100: -50 or 150. No setting up: 100; 40 hours: 2 · 50 - 200 = -100.
    assert list(low.y) == ["Worth of a point", "Setting up"] and low.base == high.base == 50
    assert list(low.x) == pytest.approx([-100, 50]) and list(high.x) == pytest.approx([100, -150])
    assert list(low.text) == ["0", "0"] and list(high.text) == ["100", "40"]
    assert low.marker.pattern.shape and not high.marker.pattern.shape


def test_the_widest_swing_is_on_top_and_what_hardly_moves_it_is_left_out(found):
    _, outcome = found
    swings = outcome.swings
    assert [swing.name for swing in swings] == ["point_value", "setup_hours"] and swings[0].width == 200
    tiny = ranges.Swing("salary", 50.0, 51.0)
    assert figures.wide([*swings, tiny]) == swings
    assert figures.wide([]) == []


def test_parts_are_drawn_from_low_to_high_with_their_sum(found):
    _, outcome = found
    figure = figures.parts(outcome, "EUR")
    bars = {trace.y[0]: trace for trace in figure.data if trace.type == "bar"}
    assert list(bars)[-1] == "Return" and len(bars) == 7
    for title, part in (("Accuracy", outcome.pieces["accuracy"]), ("Return", outcome.net)):
        assert bars[title].base[0] == part.low and bars[title].x[0] == pytest.approx(part.high - part.low)
    assert "Accuracy" in alt(figure) and "EUR" in alt(figure)


def test_a_return_that_nothing_moves_can_be_drawn():
    made = settings(ValueSettings, {"fine_tunes": 0, "cleaning_hours": 0, "setup_hours": 0})
    outcome = ranges.outcome(made)
    assert "none moves it" in alt(figures.tornado(outcome, made)) and figures.parts(outcome, "USD").data
