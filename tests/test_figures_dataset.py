"""Figures of the whole dataset: what they draw, from counts worked by hand, and whom their marks select."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests import tables
from xtf import filters, picks, profile, roles, stats
from xtf.config import Cutoff, Thresholds
from xtf.figures import correlation, drawing, kept, p_entropy, palette, parts, position, reasons
from xtf.figures.drawing import alt, marked, picks_of
from xtf.profile import Correlations, PEntropy

RULES = Thresholds(reasoning=Cutoff(value=0.7), novelty=Cutoff(value=0.75), relevance=Cutoff(value=0.5),
                   relevance_distance="raw", insist=True)
SUMMARY = {"trainable": 200, "attributes": {
    "reasoning": {"dropped": 10, "alone": 4}, "novelty": {"dropped": 50, "alone": 40},
    "relevance": {"dropped": 20, "alone": 15}}}


def by_role(**counts):
    """int64[8, 32] from {role: {bits: tokens}}."""
    found = np.zeros((8, 32), np.int64)
    for role, tokens in counts.items():
        for bits, count in tokens.items():
            found[roles.ROLES.index(role), bits] = count
    return found


BY_ROLE = by_role(numbers={0: 60, 1: 4, 2: 30, 3: 6}, words={0: 60, 2: 10, 4: 15, 5: 1, 6: 5, 8: 9})


@pytest.fixture(scope="module")
def drawn():
    """Forty examples of twenty response tokens: table and verdicts."""
    random = np.random.default_rng(11)
    shape = (40, 20)
    columns = {"logprob": np.log(random.beta(0.5, 0.4, shape)), "entropy": random.gamma(0.5, 1, shape),
               "received_mean": random.lognormal(0, 1, shape), "received_mean_adjusted": random.lognormal(0, 1, shape)}
    table = tables.table(random.integers(0, 6, shape).tolist(), scores=columns,
                         types={"embedding_dataset": {token: token / 5 for token in range(6)}},
                         texts={0: " the", 1: "48", 2: "+", 3: ".", 4: "\n", 5: " of"})
    return table, filters.judge(table, RULES)


def test_dropped_bar_gives_shares_of_response_tokens():
    alone, every = reasons.dropped_bar(SUMMARY).data
    assert dict(zip(every.y, every.x, strict=True)) == {"Reasoning": 5, "Novelty": 25, "Relevance": 10}
    assert dict(zip(alone.y, alone.x, strict=True)) == {"Reasoning": 2, "Novelty": 20, "Relevance": 7.5}
    assert list(every.customdata) == [20, 50, 10]


def test_upset_counts_exact_reasons_over_a_matrix_beside_totals():
    figure = reasons.upset(BY_ROLE)
    bars, totals = [found for found in figure.data if found.type == "bar"]
    counts = {row[0]: count for row, count in zip(bars.customdata, bars.y, strict=True)}
    assert counts == {"Novelty alone": 40, "Relevance alone": 15, "By hand alone": 9, "Reasoning and Novelty": 6,
                      "Novelty and Relevance": 5, "Reasoning alone": 4, "Reasoning and Relevance": 1,
                      "Reasoning and Novelty and Relevance": 0}
    assert list(bars.y) == sorted(bars.y, reverse=True) and bars.customdata[0][1] == 20  # % of 200
    assert {row[0]: row[1] for row in totals.customdata} == {"Reasoning": 11, "Novelty": 51, "Relevance": 21,
                                                             "By hand": 9}
    assert list(totals.x) == [5.5, 25.5, 10.5, 4.5]
    dots = next(found for found in figure.data if found.type == "scatter" and found.meta)
    columns = {row[0]: [] for row in dots.customdata}
    for row, y in zip(dots.customdata, dots.y, strict=True):
        columns[row[0]].append(y)
    assert columns["Reasoning and Relevance"] == [0, 2] and columns["Novelty alone"] == [1]
    assert "Novelty alone 40; Relevance alone 15" in alt(figure)


def test_the_paper_s_totals_are_marked_as_the_paper_s():
    mark, = [found for found in reasons.upset(BY_ROLE).data if found.name]
    assert list(mark.x) == [1.69, 13.86, 19.33] and list(mark.y) == [0, 1, 2] and "paper" in mark.name
    assert not [found for found in reasons.upset(BY_ROLE, paper=False).data if found.name]


def test_by_hand_is_drawn_only_where_something_is():
    figure = reasons.upset(by_role(words={0: 5, 2: 5}))
    assert list(figure.layout.yaxis3.ticktext) == ["Reasoning", "Novelty", "Relevance"]
    assert not [pick for pick in picks_of(figure) if "hand" in pick]


def test_roles_are_stacked_to_a_whole():
    figure = parts.roles(BY_ROLE)
    assert [bar.name for bar in figure.data] == ["Kept", "Reasoning alone", "Novelty alone", "Relevance alone",
                                                 "Several reasons", "By hand"]
    assert figure.data[0].y[1] == "numbers (100)" and figure.data[0].y[0] == "words (100)"
    assert [[bar.x[row] for bar in figure.data] for row in (1, 0)] == [[60, 4, 30, 0, 6, 0], [60, 0, 10, 15, 6, 9]]
    assert figure.data[2].customdata[1] == ["numbers", 30, 100, "role:numbers:only-novelty"]
    patterns = [bar.marker.pattern.shape for bar in figure.data[1:]]
    assert len(set(patterns)) == 5  # told apart by more than colour
    assert alt(figure).endswith("words 100, 40.0 % dropped; numbers 100, 40.0 % dropped.")


def test_kept_shares_leave_out_examples_without_response_tokens():
    frame = pd.DataFrame({"trainable": [10, 10, 4, 20, 0], "kept_share": [1.0, 0.52, 0.0, 0.15, 0.0]})
    figure = kept.kept_share_histogram(frame)
    bar, = figure.data
    assert {b: c for b, c in enumerate(bar.y) if c} == {0: 1, 3: 1, 10: 1, 19: 1}  # bins of 5 %
    assert bar.customdata[3] == ["15 to 20 %", "kept:0.15:0.2"] and bar.customdata[19][1] == "kept:0.95:"
    assert alt(figure) == "4 examples by kept share; median 33.5 %."
    assert kept.kept_share_histogram(frame[4:]).data[0].y.sum() == 0


def small_map():
    edges = np.array([0, 0.5, 1.0]), np.array([0, 0.1, 1, np.inf])
    every, dropped = np.array([[0, 100], [10, 1], [1000, 0]]), np.array([[0, 100], [5, 0], [10, 0]])
    return PEntropy(*edges, every, dropped)


def test_the_map_is_coloured_by_the_logarithm_of_counts():
    heat, cells = p_entropy.p_entropy(small_map()).data
    np.testing.assert_array_equal(heat.z, [[np.nan, 2], [1, 0], [3, np.nan]])
    assert list(heat.colorbar.ticktext) == ["1", "10", "100", "1,000"] and list(heat.colorbar.tickvals) == [0, 1, 2, 3]
    assert [row[-1] for row in cells.customdata] == ["map:0.5:::0.1", "map:0:0.5:0.1:1", "map:0.5::0.1:1",
                                                     "map:0:0.5:1:"]
    assert cells.customdata[1] == ["p 0 to 0.5<br>entropy 0.1 to 1 nats", 10, 5, 50, "map:0:0.5:0.1:1"]
    assert list(zip(cells.x, cells.y, strict=True)) == [(0.75, 0.5), (0.25, 1.5), (0.75, 1.5), (0.25, 2.5)]


def test_the_map_shows_what_is_dropped_and_which_share():
    heat = p_entropy.p_entropy(small_map(), "dropped").data[0]
    np.testing.assert_allclose(heat.z, [[np.nan, 2], [np.log10(5), np.nan], [1, np.nan]])
    heat = p_entropy.p_entropy(small_map(), "share").data[0]
    np.testing.assert_array_equal(heat.z, [[np.nan, 100], [50, 0], [1, np.nan]])
    assert (heat.zmin, heat.zmax) == (0, 100)


def test_the_map_marks_the_cutoff_where_there_is_one():
    figure = p_entropy.p_entropy(small_map(), cutoff=0.95)
    assert figure.layout.shapes[0].x0 == 0.95 and figure.layout.annotations[0].text == "p > 0.95"
    assert alt(figure) == ("Map of 1,111 response tokens by p and entropy, of which 115 (10.4 %) are dropped; the rule "
                           "p > 0.95 is marked.")
    assert p_entropy.p_entropy(small_map()).layout.shapes == ()


def test_an_empty_map_is_still_a_map():
    nothing = np.zeros((3, 2), np.int64)
    for shown in p_entropy.TITLES:
        figure = p_entropy.p_entropy(replace(small_map(), every=nothing, dropped=nothing), shown)
        assert np.isnan(figure.data[0].z).all() and not figure.data[1].customdata


def bands(low, high):
    size = len(low)
    return pd.DataFrame({"low": low, "high": high, "count": [5] * size, "mean": [2.0] * size, "p10": [1.0] * size,
                         "median": np.arange(size) + 1.5, "p90": [3.0] * size})


def test_positions_stand_in_the_middle_of_their_bins():
    figure = position.by_position(bands([0.0, 0.5], [0.5, 1.0]), "Attention", "weight", relative=True)
    line = next(found for found in figure.data if found.name == "median")
    assert list(line.x) == [25, 75] and list(line.y) == [1.5, 2.5]
    assert [row[-1] for row in line.customdata] == ["relative:0:0.5", "relative:0.5:"]
    assert figure.layout.xaxis.title.text.endswith("(%)") and figure.layout.yaxis.title.text == "Attention (weight)"
    figure = position.by_position(bands([0.0, 10, 20], [10, 20, np.inf]), "Attention", "weight")
    line = next(found for found in figure.data if found.name == "median")
    assert list(line.x) == [5, 15, 25] and line.customdata[2][-1] == "position:20:"
    assert line.customdata[0][0] == "tokens 1 to 10" and line.customdata[2][0] == "tokens from 21 on"
    assert alt(figure) == "Attention by position in the response: median 1.5 in the first, 3.5 in the last bin."
    assert position.by_position(bands([], []), "Attention", "weight").data


def test_correlations_are_a_triangle_with_numbers():
    matrix = np.array([[1, 0.5, np.nan], [0.5, 1, -0.25], [np.nan, -0.25, 1]])
    figure = correlation.correlation(Correlations(["p", "entropy", "length"], matrix, 1234, True))
    heat, text = figure.data
    np.testing.assert_array_equal(heat.z, [[0.5, np.nan], [np.nan, -0.25]])
    assert dict(zip(zip(text.x, text.y, strict=True), text.text, strict=True)) == {
        ("p (novelty)", "Entropy"): "+0.50", ("p (novelty)", "Length"): "", ("Entropy", "Length"): "−0.25"}
    assert "n = 1,234" in figure.layout.title.text and "a sample of 1,234" in alt(figure)


def test_every_mark_selects_as_many_tokens_as_it_counts(drawn):
    table, verdicts = drawn
    counted = profile.by_role(table, verdicts)
    bars = [found for found in reasons.upset(counted).data if found.type == "bar"]
    marks = [(row[-1], count) for row, count in zip(bars[0].customdata, bars[0].y, strict=True)]
    marks += [(row[-1], row[1]) for row in bars[1].customdata]
    marks += [(row[-1], row[1]) for bar in parts.roles(counted).data for row in bar.customdata]
    cells = p_entropy.p_entropy(profile.p_entropy(table, verdicts)).data[1]
    marks += [(row[-1], row[1]) for row in cells.customdata]
    for edges in (None, profile.position_edges(table)):
        found = profile.by_position(table, table.column("received_mean"), edges)
        line = position.by_position(found, "x", "", relative=edges is None).data[-1]
        marks += [(row[-1], row[1]) for row in line.customdata]
    bar, = kept.kept_share_histogram(stats.by_example(table, verdicts)).data
    marks += [(row[-1], count) for row, count in zip(bar.customdata, bar.y, strict=True)]
    wrong = {pick: (picks.matching(table, verdicts, pick).sum(), count) for pick, count in marks
             if picks.matching(table, verdicts, pick).sum() != count}
    assert len(marks) > 150 and not wrong


def test_all_marks_are_pale_but_those_of_the_pick():
    figure = marked(reasons.upset(BY_ROLE), "reasons:novelty")
    standing_out = [row[-1] for found in figure.data if found.meta
                    for row, opacity in zip(found.customdata, found.marker.opacity, strict=True) if opacity == 1]
    assert standing_out == ["reasons:novelty"] * 2  # bar and dot
    cells = marked(p_entropy.p_entropy(small_map()), "map:::0.1:").data[1]
    assert list(cells.marker.opacity) == [0, 1, 1, 1]
    for pick in (None, "role:numbers:kept"):
        assert all(found.marker.opacity is None for found in marked(reasons.upset(BY_ROLE), pick).data if found.meta)


@pytest.mark.parametrize("figure", [
    reasons.upset(BY_ROLE), parts.roles(BY_ROLE), p_entropy.p_entropy(small_map()),
    position.by_position(bands([0, 1], [1, 2]), "x", "y"),
    correlation.correlation(Correlations(["p", "entropy"], np.eye(2), 9, False))],
    ids=lambda found: found.layout.title.text)
def test_figures_leave_background_and_fonts_to_the_page(figure):
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None and figure.layout.title.font.color is None
    assert figure.layout.title.text and len(alt(figure)) > 20
    shown = [axis for axis in (*figure.select_xaxes(), *figure.select_yaxes())
             if axis.visible is not False and axis.showticklabels is not False]
    assert all(axis.title.text or axis.ticktext for axis in shown)


def lightness(red, green, blue):
    """OKLab L of sRGB in 0..255 (Ottosson 2020)."""
    linear = [((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 255 / 12.92 for c in (red, green, blue)]
    mixes = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
             (0.0883024619, 0.2817188376, 0.6299787005))
    lms = [sum(a * b for a, b in zip(mix, linear, strict=True)) ** (1 / 3) for mix in mixes]
    return 0.2104542553 * lms[0] + 0.7936177850 * lms[1] - 0.0040720468 * lms[2]


@pytest.mark.parametrize("page", [(255, 255, 255), (14, 17, 23)], ids=["light", "dark"])
def test_equal_steps_of_the_scale_look_about_equal_on_both_pages(page):
    steps = []
    for _, colour in palette.scale("#0072b2"):
        *rgb, share = (float(part) for part in colour[5:-1].split(","))
        steps.append(lightness(*(share * c + (1 - share) * under for c, under in zip(rgb, page, strict=True))))
    apart = np.diff([*steps])
    assert (np.sign(apart) == np.sign(apart[0])).all()
    assert abs(apart).max() / abs(apart).min() < 1.7
    assert abs(steps[0] - lightness(*page)) > 0.005  # the least that is there can be told from nothing


def test_faint_colours_keep_their_hue():
    assert drawing.faint("#0072b2", 0.25) == "rgba(0, 114, 178, 0.25)"
    assert drawing.bin_words(np.array([0, 0.5, math.inf])) == ["0 to 0.5", "0.5 and more"]
