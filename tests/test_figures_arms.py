"""Figures of a comparison: what is drawn where, and that the paper's figures are never among ours."""

import pytest

from tests import comparisons
from xtf.comparison import paper
from xtf.comparison.result import result
from xtf.figures import arms
from xtf.figures.drawing import alt


@pytest.fixture(scope="module")
def found(tmp_path_factory, scored):
    import shutil

    home = tmp_path_factory.mktemp("figures") / "home"
    shutil.copytree(scored, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(home))
        return result(comparisons.finished("problems", "hostile"))


def test_each_row_is_a_point_with_its_interval_and_its_seeds(found):
    figure = arms.points(found, "correct")
    seeds, points = figure.data[0::2], figure.data[1::2]
    assert [trace.x[0] for trace in points] == [25.0, 37.5, 62.5, 37.5]
    assert [tuple(trace.x) for trace in seeds] == [(25.0,), (50.0, 25.0), (75.0, 50.0), (25.0, 50.0)]
    xtf = found.row("xtf").figures["correct"].estimate
    assert points[2].error_x.array[0] == pytest.approx(100 * (xtf.high - xtf.value))
    assert points[2].error_x.arrayminus[0] == pytest.approx(100 * (xtf.value - xtf.low))
    assert figure.layout.yaxis.ticktext == ("Base model", "Normal", "XTF", "Random")
    assert len({trace.marker.symbol for trace in points}) == 4  # told apart without colours
    assert "XTF 62.5 [" in alt(figure) and "Exact match (%)" in alt(figure)


def test_groups_of_the_loss_stand_in_each_row_without_touching(found):
    figure = arms.groups(found)
    assert figure.layout.yaxis.ticktext == ("Base model", "Normal", "XTF", "Random")
    places = [trace.y[0] for trace in figure.data]
    assert len(set(places)) == 12 and all(abs(place - round(place)) < 0.3 for place in places)
    named = {trace.name: trace.marker.symbol for trace in figure.data}
    assert list(named) == ["all tokens", "kept", "dropped"] and len(set(named.values())) == 3
    assert sum(trace.showlegend for trace in figure.data) == 3
    assert "kept: Base model 2.7500 [" in alt(figure)


def test_a_comparison_without_figures_can_be_drawn(workplace):
    empty = result(comparisons.begun("problems", "hostile"))
    assert "none yet" in alt(arms.points(empty, "loss")) and not arms.groups(empty).data


def test_the_papers_figures_are_marked_as_the_papers():
    for task in paper.TASKS.values():
        assert paper.LABEL in paper.sentence(task)
    figure = arms.published(paper.TASKS["maths"])
    assert figure.data[0].error_x.array is None and paper.LABEL in alt(figure)
    assert dict(zip(figure.data[0].customdata, figure.data[0].x, strict=True))["XTF"] == 45.7
