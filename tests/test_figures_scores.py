"""Figures of scores and thresholds: what they draw, from values worked by hand."""

import numpy as np
import pandas as pd
import pytest

from tests.tables import PROMPT, RESPONSE, table
from xtf import filters, grid, picks
from xtf.config import Cutoff, Off, Thresholds
from xtf.figures import scores
from xtf.figures.drawing import alt, picks_of
from xtf.selection import parse


def p_histogram(**options):
    values = np.array([0.01, 0.5, 0.949, 0.951, 0.99, 1.0, np.nan], np.float32)
    return scores.score_histogram(values, np.array([[0.95, np.nan]]), "p", "", name="novelty",
                                  fails=values > 0.95, **options)


def test_p_is_binned_from_0_to_1_with_the_cutoff_on_an_edge():
    every, failing = p_histogram().data
    assert every.x[0] == pytest.approx(1 / 120) and every.x[-1] == pytest.approx(1 - 1 / 120)
    edges = np.arange(61) / 60
    assert np.isclose(edges, 0.95).any()
    # 0.01 → bin 0, 0.5 → bin 30, 0.949 → 56, 0.951 → 57, 0.99 and 1.0 → 59
    assert {b: c for b, c in enumerate(every.y) if c} == {0: 1, 30: 1, 56: 1, 57: 1, 59: 2}
    assert {b: c for b, c in enumerate(failing.y) if c} == {57: 1, 59: 2}
    assert failing.marker.pattern.shape  # told apart by more than colour
    assert every.customdata[0] == ["0 to 0.01667", "score:novelty::0.0166666667"]


def test_the_cutoff_is_a_line_and_what_lies_beyond_is_shaded():
    figure = p_histogram()
    region, line = figure.layout.shapes
    assert (region.x0, region.x1) == (0.95, 1.0)
    assert line.x0 == line.x1 == 0.95
    assert [note.text for note in figure.layout.annotations] == ["0.95"]
    assert alt(figure) == "Histogram of p over 6 response tokens; 3 fail; threshold 0.95."


def test_a_cluster_is_shaded_between_its_two_limits():
    figure = scores.score_histogram(np.linspace(0, 1, 11), np.array([[0.2, 0.41]]), "Relevance", "", name="relevance")
    region, *lines = figure.layout.shapes
    assert (region.x0, region.x1) == (0.2, 0.41)
    assert [line.x0 for line in lines] == [0.2, 0.41]


def test_thresholds_that_differ_between_examples_are_a_band_around_their_median():
    limits = np.stack([np.full(101, np.nan), np.arange(101) / 100], axis=1)  # 0.00, 0.01 … 1.00
    line, band = scores.score_histogram(np.linspace(0, 1, 11), limits, "x", "", name="relevance").layout.shapes
    assert line.x0 == pytest.approx(0.5)
    assert (band.x0, band.x1) == (pytest.approx(0.05), pytest.approx(0.95))


def test_a_heavy_tail_is_laid_out_by_its_logarithm():
    values = np.array([0.01, 0.1, 1, 1, 10, 100], np.float32)
    figure = scores.score_histogram(values, np.array([[np.nan, 0.1]]), "Attention", "× uniform", name="reasoning",
                                    bins=4)
    assert list(figure.data[0].y) == [1, 1, 2, 2]  # one bin a decade: 0.01, 0.1, 1, 10 …
    assert figure.layout.xaxis.range == pytest.approx((-2, 2))
    assert dict(zip(figure.layout.xaxis.ticktext, figure.layout.xaxis.tickvals, strict=True))["10"] == 1
    assert figure.layout.shapes[-1].x0 == pytest.approx(-1)
    assert figure.layout.xaxis.title.text == "Attention (× uniform)"
    assert figure.data[0].customdata[0][0] == "0.01 to 0.1"
    assert parse(figure.data[0].customdata[0][1]).ranges[0].high == pytest.approx(0.1)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [3.0], [2.0, 2.0], [-1.0, 4.0]])
def test_odd_values_still_make_a_figure(values):
    figure = scores.score_histogram(np.array(values, np.float32), np.full((1, 2), np.nan), "x", "", name="reasoning")
    assert sum(sum(bar.y) for bar in figure.data) == np.isfinite(np.array(values)).sum()
    assert figure.layout.shapes == ()


def test_a_log_axis_holds_every_count():
    axis = p_histogram(log=True).layout.yaxis
    assert axis.type == "log" and axis.range[0] < 0 < np.log10(2) < axis.range[1]


def test_the_sweep_marks_the_setting_in_use():
    frame = pd.DataFrame({"value": [0.5, 1.0], "dropped": [8, 0], "kept": [2, 10], "kept_share": [0.2, 1.0]})
    line, mark = scores.sweep_line(frame, "novelty cutoff (p)", name="novelty", now=0.75).data
    assert list(line.y) == [20, 100]
    assert (list(mark.x), list(mark.y)) == ([0.75], [60])  # halfway between 20 and 100
    assert len(scores.sweep_line(frame, "p", name="novelty").data) == 1


def test_every_bar_s_pick_finds_the_tokens_that_the_bar_counts():
    random = np.random.default_rng(5)
    attention = random.lognormal(0, 2, (30, 20)).astype(np.float32)
    found = table([[1] * 20] * 30, scores={"logprob": np.log(random.random((30, 20))),
                                           "received_mean_adjusted": attention})
    verdicts = filters.judge(found, Thresholds(reasoning=Cutoff(value=0.5), relevance=Off()))
    for name in ("reasoning", "novelty"):
        attribute = verdicts.attributes[name]
        figure = scores.score_histogram(attribute.values, attribute.limits, name, "", name=name, fails=attribute.fails)
        every, failing = figure.data
        assert [int(picks.matching(found, verdicts, pick).sum()) for _, pick in every.customdata] == list(every.y)
        assert every.y.sum() == 600 > failing.y.sum() > 0
        assert len(picks_of(figure)) == 60  # both kinds of bars have the same
        assert parse(picks_of(figure)[-1]).ranges[0].high == np.inf


def test_the_histogram_and_the_sweep_agree_with_the_library_s_own_read_outs():
    rows = {"logprob": [np.log([1.0, 0.5, 0.99, 0.2]), np.log([1.0, 0.96])]}
    found = table([[1, 2, 3, 4], [5, 6]], [[PROMPT, RESPONSE, RESPONSE, RESPONSE], [PROMPT, RESPONSE]], rows)
    thresholds = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.95), relevance=Off())
    novelty = filters.judge(found, thresholds).attributes["novelty"]
    figure = scores.score_histogram(novelty.values, novelty.limits, "p", "", name="novelty", fails=novelty.fails)
    assert [int(bar.y.sum()) for bar in figure.data] == [4, 2]  # p of 0.99 and 0.96 fail
    swept = grid.sweep(found, filters.judge(found, thresholds), "novelty")
    assert list(scores.sweep_line(swept, "p", name="novelty", now=0.95).data[1].y) == [50]
