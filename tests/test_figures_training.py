"""Figures of a fine-tune's steps: what they draw, from values worked by hand."""

import numpy as np
import pandas as pd
import pytest

from tests.test_ui_token_view import contrast
from xtf.figures import palette, training
from xtf.figures.drawing import alt
from xtf.training.folder import COLUMNS


def steps(count=3):
    """Metrics of so many steps: 10 trained tokens and 2 seconds a step, at 40 tokens each."""
    rows = [{"step": n, "epoch": n / 2, "loss": 4.0 / n, "learning_rate": 1e-4, "grad_norm": 1.0, "trained": 10 * n,
             "tokens": 40 * n, "seconds": 2.0 * n, "memory": 1000} for n in range(1, count + 1)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_smoothing_is_an_average_that_does_not_start_at_zero():
    # weight 1/2 of 4, 2, 1: 2/(1/2) = 4; (1 + 1)/(3/4) = 8/3; (1 + 1/2)/(7/8) = 12/7
    assert training.smoothed(np.array([4.0, 2.0, 1.0]), 0.5) == pytest.approx([4, 8 / 3, 12 / 7])
    assert training.smoothed(np.array([4.0, 2.0]), 0.0) == pytest.approx([4, 2])
    assert training.smoothed(np.full(50, 3.0), 0.98) == pytest.approx(3)
    assert training.smoothed(np.array([np.nan, 2.0, np.nan]), 0.5) == pytest.approx([np.nan, 2, 2], nan_ok=True)


def test_long_curves_are_thinned_and_keep_their_spikes():
    values = np.zeros(100_000)
    values[[12_345, 77_777]] = 9, -9
    drawn = training.thinned(values)
    assert len(drawn) <= training.MOST and {0, 12_345, 77_777, 99_999} <= set(drawn.tolist())
    assert (np.diff(drawn) > 0).all()
    assert training.thinned(np.arange(5.0)).tolist() == [0, 1, 2, 3, 4]
    assert len(training.thinned(np.full(5000, np.nan))) <= training.MOST


def test_the_loss_is_drawn_raw_and_smoothed_along_what_was_asked():
    raw, course = training.loss(steps(), "trained", 0.5).data
    assert raw.x.tolist() == course.x.tolist() == [10, 20, 30]
    assert raw.y == pytest.approx([4, 2, 4 / 3]) and course.y == pytest.approx([4, 8 / 3, 40 / 21])
    assert training.loss(steps(), "epoch", 0.5).data[0].x.tolist() == [0.5, 1, 1.5]
    assert alt(training.loss(steps(), "step", 0.0)) == "Loss: 3 steps, from 4 to 1.33 nats per trained token."


def test_speed_is_of_each_step_and_unknown_where_the_clock_began_anew():
    metrics = steps(4)
    metrics.loc[2:, "seconds"] = [1.0, 5.0]
    assert training.speed(metrics) == pytest.approx([20, 20, np.nan, 10], nan_ok=True)
    assert training.tokens_a_second(metrics, "step").layout.title.text == "Speed (tokens/s)"


@pytest.mark.parametrize("draw", [training.learning_rate, training.gradient, training.tokens_a_second])
@pytest.mark.parametrize("count", [0, 1, 5000])
def test_charts_have_one_height_whatever_there_is(draw, count):
    figure = draw(steps(count), "step")
    assert figure.layout.height == draw(steps(), "step").layout.height
    assert [note.text for note in figure.layout.annotations] == ([] if count else ["No step has ended yet"])
    assert len(figure.data[0].x) <= training.MOST
    assert ("markers" in figure.data[0].mode) is (count < 5000)  # one point alone makes no line


def test_losses_are_laid_over_each_other_and_told_apart_by_more_than_colour():
    figure = training.losses({"a": steps(2), "b": steps(4)}, "trained", 0.0)
    assert [trace.name for trace in figure.data] == ["a", "b"]
    assert figure.data[0].line.dash != figure.data[1].line.dash
    assert alt(figure).startswith("a: 2 steps, from 4 to 2")
    assert all(contrast(colour, page) >= 3 for colour in palette.CURVES for page in ("#ffffff", "#0e1117"))
