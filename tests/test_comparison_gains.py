"""Gains, ablation and the table of all tasks: taken from results whose figures are worked out by hand, and drawn."""

from dataclasses import replace

import pytest

from tests import comparisons
from xtf.comparison import correction, paper
from xtf.comparison.gains import ablation, gains
from xtf.comparison.overview import overview
from xtf.comparison.result import result
from xtf.evaluation.statistics import Difference
from xtf.figures import arms_gains
from xtf.figures.drawing import alt


@pytest.fixture
def found(workplace):
    return result(comparisons.finished("problems", "hostile"))


def named(found, name, **arms):
    """The same result under another name, its rows as other arms: new name → old name."""
    rows = [replace(found.row(old), name=new, title=new.upper()) for new, old in arms.items()]
    return replace(found, name=name, rows=[found.rows[0], *rows])


def test_a_gain_is_the_paired_difference_beside_the_papers(found):
    xtf, random = gains(found, "correct")
    assert xtf.difference.value == 0.25 and xtf.paper == pytest.approx(45.7 - 37.1) and xtf.why == ""
    assert random.difference.value == 0.0 and random.paper is None  # the paper has no random control
    assert all(one.paper is None for one in gains(found, "loss"))  # its figures are of answers


def test_what_is_missing_says_why(workplace):
    values = {key: value for key, value in comparisons.ARMS.items() if key[0] == "xtf"}
    made = comparisons.finished("problems", "hostile", values)
    made.note(failures={"helped-random-s0": "The disk is full."})
    xtf, random = gains(result(made), "correct")
    assert (xtf.difference, xtf.why) == (None, "Normal is not evaluated yet in helped.")
    assert random.why == "Random, seed 0: The disk is full."


def test_the_papers_names_are_matched_with_our_arms():
    assert paper.gain("maths", "df-ifd") == paper.gain("maths", "df-perplexity") == pytest.approx(41.4 - 37.1)
    assert paper.gain("medicine", "self-evolving") == pytest.approx(33.7 - 30.4)
    assert paper.gain("code", "xtf") is None and paper.gain("maths", "stm") is None


def test_the_ablation_has_all_eight_lines_with_the_papers_average(found):
    made = named(found, "parts", normal="normal", **{"xtf-ri": "random", "xtf": "xtf"})
    parts = {one.attributes: one for one in ablation(made, "correct")}
    assert [one.paper for one in parts.values()] == [30.7, 32.0, 34.5, 33.3, 36.1, 36.9, 36.3, 40.1]
    assert parts["none"].estimate.value == 0.375 and parts["RI + KN + TR"].estimate.value == 0.625
    assert parts["RI"].estimate.value == 0.375 and parts["RI + KN"].estimate is None
    assert parts["KN"].why == "parts has no arm xtf-kn: add it to a new comparison."


def test_each_cell_is_of_the_newest_comparison_that_has_it(found):
    newest = named(found, "newest", **{"xtf": "random", "df-perplexity": "xtf"})
    cells = {(one.task, one.method): one for one in overview([newest, found])}
    assert len(cells) == 12
    assert (cells["maths", "XTF"].comparison, cells["maths", "XTF"].estimate.value) == ("newest", 0.375)
    assert (cells["maths", "Normal"].comparison, cells["maths", "Normal"].paper) == ("helped", 37.1)
    assert cells["maths", "Data filtering"].arm == "DF-PERPLEXITY"
    assert cells["maths", "Token cleaning"].why == "No comparison of maths has the arm token-cleaning or self-evolving."
    assert cells["code", "XTF"].why == "No comparison of code has marked answers yet."
    assert cells["medicine", "XTF"].paper == 37.1 and cells["code", "XTF"].paper is None


def test_holm_goes_over_all_strategies_and_both_controls_once():
    def tested(p):
        return Difference(0.1, 0.05, 0.2, p, 9)

    rows = {"base": {"normal": tested(0.001), "random": tested(0.001)}, "normal": {"random": tested(0.03)},
            "xtf": {"normal": tested(0.01), "random": tested(0.02)}, "random": {"normal": tested(0.03)}}
    made = correction.corrected(rows, outside="base")
    # Three tests, 0.01, 0.02, 0.03: times 3, 2, 1 is 0.03, 0.04, 0.03, which 0.04 before it lifts.
    assert [one.adjusted for one in made["xtf"].values()] == pytest.approx([0.03, 0.04])
    assert made["random"]["normal"].adjusted == made["normal"]["random"].adjusted == pytest.approx(0.04)
    assert made["base"]["normal"].adjusted is None


def test_gains_are_drawn_with_intervals_and_the_papers_without(found):
    figure = arms_gains.gains(gains(found, "correct"), "correct")
    ours, papers = figure.data
    assert list(ours.x) == [25.0, 0.0] and list(papers.x) == [pytest.approx(8.6)]
    assert len(ours.error_x.array) == 2 and papers.error_x.array is None
    assert papers.name == "the paper's" and ours.marker.symbol != papers.marker.symbol
    assert papers.y[0] != ours.y[0] and figure.layout.yaxis.ticktext == ("XTF", "Random")
    assert "XTF difference +25.0 points" in alt(figure) and "the paper's +8.6 points" in alt(figure)
    lost = [one._replace(difference=None) for one in gains(found, "correct")]
    assert [note.text for note in arms_gains.gains(lost, "correct").layout.annotations] == ["<i>not measured</i>"] * 2


def test_the_papers_ablation_and_tasks_stand_in_their_own_marks(found):
    figure = arms_gains.ablation(ablation(found, "correct"), "correct", "Exact match (%)")
    ours, papers = figure.data
    assert list(ours.y) == [0, 7] and list(ours.x) == [37.5, 62.5] and len(papers.x) == 8
    assert (ours.xaxis, papers.xaxis) == ("x", "x2")  # never on one axis: other tasks, other models
    assert paper.LABEL in alt(figure)
    tasks = arms_gains.overview(overview([found]))
    assert [len(trace.x) for trace in tasks.data] == [2, 4, 0, 4, 0, 0]
    assert sum(trace.showlegend is not False for trace in tasks.data) == 2
    assert paper.LABEL in alt(tasks) and "Code, XTF: not measured" in alt(tasks)


def test_kept_share_stands_against_the_outcome(found):
    figure = arms_gains.kept_share(found, "correct")
    assert sorted((mark.text, trace.customdata[0], trace.y[0]) for mark, trace in zip(
        figure.layout.annotations, figure.data)) == [
        ("Normal", 100.0, 37.5), ("Random", 75.0, 37.5), ("XTF", 75.0, 62.5)]
    assert sorted(trace.x[0] for trace in figure.data) == [74.1, 75.0, 100.0]  # of the same share, one is moved aside
    low, high = figure.layout.yaxis.range
    assert all(low < trace.y[0] - trace.error_y.arrayminus[0] and trace.y[0] + trace.error_y.array[0] < high
               for trace in figure.data)  # names have room above
    assert "XTF keeps 75.0 % and has 62.5 [" in alt(figure)
