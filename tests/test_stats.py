"""Statistics against counts worked by hand and against naive loops."""

import json
import math

import numpy as np
import pytest

from tests import tables
from tests.tables import EOS, NAN, PROMPT, RESPONSE
from xtf.config import Cutoff, Off, Thresholds
from xtf.filters import judge
from xtf.stats import by_example, histogram, summary, top_dropped
from xtf.store import ScoreTable

RULES = Thresholds(reasoning=Cutoff(value=0.5), novelty=Cutoff(value=0.75), relevance=Cutoff(value=0.5),
                   relevance_distance="raw", insist=True)
TEMPLATE = 0


def three_examples() -> ScoreTable:
    """Token ids below 10 are relevant. Answers: r n R n+r | all three, EOS all three | no answer."""
    return tables.table(
        [[5, 1, 2, 11, 1], [6, 12, 13], [7, 7]],
        [[PROMPT] + [RESPONSE] * 4, [PROMPT, RESPONSE, EOS], [PROMPT, PROMPT]],
        {"received_mean_adjusted": [[NAN, 0.25, 1.0, 1.0, 0.25], [NAN, 0.25, 0.25], [NAN, NAN]],
         "logprob": [np.log([NAN, 0.5, 0.875, 0.5, 0.875]), np.log([NAN, 1.0, 0.875]), [NAN, NAN]]},
        {"embedding_dataset": {t: 1.0 if t < 10 else 0.25 for t in range(20)}}, chunks=2)


def test_summary_worked_by_hand():
    table = three_examples()
    found = summary(table, judge(table, RULES), few=2)
    assert {key: found[key] for key in ("examples", "tokens", "trainable", "kept", "dropped", "protected")} == {
        "examples": 3, "tokens": 10, "trainable": 6, "kept": 1, "dropped": 5, "protected": 1}
    assert found["kept_share"] == 1 / 6 and found["dropped_share"] == 5 / 6
    counts = {name: (part["dropped"], part["alone"], part["share"]) for name, part in found["attributes"].items()}
    assert counts == {"reasoning": (3, 1, 0.5), "novelty": (3, 1, 0.5), "relevance": (2, 1, 1 / 3)}
    assert found["overlaps"] == {"reasoning+novelty": 2, "reasoning+relevance": 1, "novelty+relevance": 1,
                                 "reasoning+novelty+relevance": 1}
    assert found["combinations"] == {
        "reasoning": 1, "novelty": 1, "relevance": 1, "reasoning+novelty": 1, "reasoning+relevance": 0,
        "novelty+relevance": 0, "reasoning+novelty+relevance": 1}
    assert found["examples_without_kept"] == 1  # the first; the third has no answer at all
    assert found["examples_under"] == {"kept": 2, "examples": 2}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_summary_names_scores_that_say_nothing():
    table = three_examples()
    found = summary(table, judge(table, RULES.model_copy(update={"insist": False})))
    assert found["attributes"]["reasoning"]["uninformative"] is False  # one of the two answers is long enough: 2 of 4
    table = tables.table([[1, 2, 3]], scores={"received_mean_adjusted": [[0.1, 0.1, 0.1]]})
    found = summary(table, judge(table, Thresholds()))
    assert found["attributes"]["reasoning"]["uninformative"] is True
    assert found["notes"][0].startswith("Reasoning: Uninformative: ")
    assert found["notes"][1].startswith("Novelty: There are no log-probabilities")


def test_a_run_without_answers_has_no_share_kept():
    table = tables.table([[1, 2]], [[PROMPT, PROMPT]])
    assert summary(table, judge(table, RULES))["kept_share"] == 0.0


def test_histogram_counts_every_number_once():
    values = np.array([0.0, 0.1, 0.5, 1.0, np.nan, -3.0, 7.0], np.float32)
    counts, edges = histogram(values, bins=2, range=(0, 1))
    assert counts.tolist() == [3, 3] and edges.tolist() == [0.0, 0.5, 1.0]
    counts, edges = histogram(values, bins=2)
    assert counts.tolist() == [5, 1] and edges.tolist() == [-3.0, 2.0, 7.0]
    assert histogram(np.array([np.nan], np.float32), bins=3)[0].tolist() == [0, 0, 0]


def test_by_example_worked_by_hand():
    table = three_examples()
    frame = by_example(table, judge(table, RULES))
    assert frame["id"].tolist() == ["e0", "e1", "e2"] and frame["index"].tolist() == [0, 1, 2]
    assert frame["tokens"].tolist() == [5, 3, 2] and frame["trainable"].tolist() == [4, 2, 0]
    assert frame["kept"].tolist() == [0, 1, 0] and frame["kept_share"].tolist() == [0.0, 0.5, 0.0]
    assert frame["mean_reasoning"].tolist()[:2] == [0.625, 0.25] and math.isnan(frame["mean_reasoning"][2])
    assert frame["mean_p"][0] == pytest.approx((0.5 + 0.875 + 0.5 + 0.875) / 4)
    assert frame["mean_relevance"].tolist()[:2] == [(1 + 1 + 0.25 + 1) / 4, 0.25]
    assert frame["loss"][1] == pytest.approx(-math.log(0.875) / 2, rel=1e-6)
    assert frame["perplexity"][1] == pytest.approx(0.875 ** -0.5, rel=1e-6)
    assert frame["dropped_reasoning"].tolist() == [2, 1, 0]
    assert frame["dropped_novelty"].tolist() == [2, 1, 0]
    assert frame["dropped_relevance"].tolist() == [1, 1, 0]


def test_by_example_of_many_examples_equals_a_loop():
    rng = np.random.default_rng(4)
    lengths = rng.integers(0, 9, size=50)
    logprob = [np.log(rng.random(n)).astype(np.float32) for n in lengths]
    table = tables.table([rng.integers(0, 9, size=n).tolist() for n in lengths], scores={"logprob": logprob}, chunks=7)
    verdicts = judge(table, Thresholds(novelty=Cutoff(value=0.5)))
    frame = by_example(table, verdicts)
    expected = [-float(np.mean(row, dtype=np.float64)) if len(row) else NAN for row in logprob]
    np.testing.assert_allclose(frame["loss"], expected, rtol=1e-6)
    assert frame["kept"].tolist() == [int((np.exp(row) <= 0.5).sum()) for row in logprob]


def test_previews_begin_with_the_question_not_with_the_template():
    texts = {1: "<system>", 2: "Be brief.", 3: "<user>", 4: "How many apples?", 5: "<bot>", 6: "Four. ", 7: "x" * 300}
    table = tables.table(
        [[1, 2, 3, 4, 5, 6, 3, 4, 5, 6], [5, 4, 6], [6], [5, 4], [], [7, 6]],
        [[TEMPLATE, PROMPT, TEMPLATE, PROMPT, TEMPLATE, RESPONSE, TEMPLATE, PROMPT, TEMPLATE, RESPONSE],
         [TEMPLATE, PROMPT, RESPONSE], [RESPONSE], [TEMPLATE, PROMPT], [], [PROMPT, RESPONSE]], texts=texts)
    assert by_example(table, judge(table, RULES))["preview"].tolist() == [
        "How many apples?<bot>Four. <user>How many apples?<bot>Four. ", "How many apples?Four. ", "Four. ",
        "How many apples?", "", "x" * 120]


def test_top_dropped_token_types():
    table = three_examples()
    frame = top_dropped(table, judge(table, RULES), 2)
    # id 1 is dropped at both its places: by reasoning, and by reasoning and novelty. 2, 11 and 12 once each.
    assert frame.to_dict("records") == [
        {"id": 1, "text": " t1", "dropped": 2, "reasoning": 2, "novelty": 1, "relevance": 0, "tokens": 2, "share": 1.0},
        {"id": 2, "text": " t2", "dropped": 1, "reasoning": 0, "novelty": 1, "relevance": 0, "tokens": 1, "share": 1.0}]
    nothing = judge(table, Thresholds(reasoning=Off(), novelty=Off(), relevance=Off()))
    assert len(top_dropped(table, nothing, 5)) == 0
