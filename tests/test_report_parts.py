"""What reports are made of: rules in words, which examples are shown, text with marks, figures as tables."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from tests.tables import table
from xtf.config import PRESETS
from xtf.profile import Correlations, PEntropy
from xtf.report import numbers, samples, wording


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_nearest_to_itself_and_differs_in_nothing(name):
    assert wording.nearest(PRESETS[name][1]) == name and wording.differences(PRESETS[name][1], name) == []
    assert len(wording.sentences(PRESETS[name][1])) >= 5


def examples(shares, tokens):
    return pd.DataFrame({"index": range(len(shares)), "kept_share": shares, "tokens": tokens,
                         "trainable": [0 if share is None else 9 for share in shares]})


def test_samples_are_spread_over_the_kept_share_and_always_the_same():
    # In order of share: 4, 2, 0, 5, 3 (1 has no response); groups of two, two and one.
    found = examples([0.5, None, 0.2, 0.9, 0.1, 0.6], [10] * 6)
    first, second, third = samples.chosen(found, 3)
    assert first in (4, 2) and second in (0, 5) and third == 3
    assert samples.chosen(found, 3) == [first, second, third]
    assert samples.chosen(found, 10) == [4, 2, 0, 5, 3] and samples.chosen(found, 0) == []
    assert samples.chosen(found[found["trainable"] < 0], 3) == []


def test_long_examples_are_shown_only_where_there_is_no_shorter_one():
    long = samples.LONGEST + 1
    assert samples.chosen(examples([0.1, 0.2, 0.3, 0.4], [long, 10, long + 5, long]), 2) == [1, 3]


def test_static_text_is_cut_where_the_fate_changes():
    scores = table([[9, 1, 2, 3, 4]], [[1, 2, 2, 2, 2]], texts={9: "Q", 1: " a", 2: " b", 3: " \n", 4: "c"})
    found = list(samples.pieces(scores.example(0), np.array([0, 1, 1, 6, 0], np.uint8)))
    assert found == [("context", "Q", ""), ("dropped", " a b", "RI"), ("dropped", "␣⏎\n", "KN TR"), ("kept", "c", "")]


def test_bars_as_numbers():
    bars = go.Figure([go.Bar(name="a", y=["x", "y"], x=[1200, 2], orientation="h"),
                      go.Bar(name="b", y=["x", "y"], x=[0.25, float("nan")], orientation="h")])
    bars.update_yaxes(title="Kind")
    assert numbers.of_bars(bars) == (["Kind", "a", "b"], [["x", "1,200", "0.25"], ["y", "2", ""]], 0)
    bins = go.Figure(go.Bar(x=[0.5, 1.5], y=[3, 4], customdata=[["0 to 1", "pick"], ["1 to 2", "pick"]]))
    bins.update_layout(xaxis_title="p", yaxis_title="Tokens")
    assert numbers.of_bars(bins) == (["p", "Tokens"], [["0 to 1", "3"], ["1 to 2", "4"]], 0)
    long = numbers.of_bars(go.Figure(go.Bar(x=list(range(300)), y=list(range(300)))))
    assert len(long.rows) == numbers.MOST and long.left_out == 100


def test_reasons_maps_and_correlations_as_numbers():
    by_bits = np.array([[6, 3, 0, 0, 0, 0, 0, 0, 0] + [0] * 23, [0, 0, 0, 1] + [0] * 28])
    assert numbers.of_reasons(by_bits).rows[:2] == [["Reasoning", "3", "30.00 %"],
                                                    ["Reasoning and Novelty", "1", "10.00 %"]]
    cells = PEntropy(np.array([0, 0.5, 1]), np.array([0, 1, np.inf]), np.array([[0, 2], [7, 0]]),
                     np.array([[0, 1], [0, 0]]))
    assert numbers.of_map(cells).rows == [["0 to 0.5", "1 and more", "7", "0"], ["0.5 to 1", "0 to 1", "2", "1"]]
    found = Correlations(["p", "entropy"], np.array([[1, -0.5], [-0.5, 1]]), 9, False)
    assert numbers.of_correlations(found).rows == [["Entropy and p (novelty)", "-0.5"]]
    places = pd.DataFrame({"low": [0.0, 0.5], "high": [0.5, 1.0], "count": [4, 0], "mean": [2.5, np.nan],
                           "p10": [1.0, np.nan], "median": [2.0, np.nan], "p90": [5.0, np.nan]})
    assert numbers.of_positions(places).rows == [["0 to 50 %", "4", "1", "2", "2.5", "5"],
                                                 ["50 to 100 %", "0", "", "", "", ""]]
