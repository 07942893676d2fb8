"""Sentences: the reason is the verdict's, and no number reads like what it is not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import tables
from tests.tables import EOS, FINAL, PROMPT, RESPONSE
from xtf.config import Cutoff, Fence, Off, Otsu, Quantile, Thresholds
from xtf.explain import percent, sentence, summary_sentence, told_apart
from xtf.filters import judge
from xtf.store import ScoreTable

RULES = {"reasoning": Cutoff(value=0.5), "novelty": Cutoff(value=0.95), "relevance": Cutoff(value=0.4),
         "relevance_distance": "raw"}
TEMPLATE = 0


def one(p: float = 0.5, received: float = 1.25, relevance: float = 0.75, mark: int = RESPONSE) -> ScoreTable:
    return tables.table([[7]], [[mark]], {"logprob": [[math.log(p)]], "received_mean_adjusted": [[received]]},
                        {"embedding_dataset": {7: relevance}})


def told(table: ScoreTable, token: int = 0, **change: object) -> str:
    return sentence(table, judge(table, Thresholds(**{**RULES, **change})), token)


@pytest.mark.parametrize("table, expected", [
    (one(p=0.991), "Dropped: the base model already gives it 99.1 %, above the 95 % cutoff."),
    (one(received=0.25, relevance=0.125),
     "Dropped: later tokens hardly look at it: it receives 0.25 × uniform attention, below the 0.5 cutoff; "
     "it hardly belongs to the task: its relevance is 0.125, below the 0.4 cutoff."),
    (one(p=0.99, mark=FINAL),
     "Kept although the base model already gives it 99 %, above the 95 % cutoff, because the final answer is "
     "protected."),
    (one(p=0.99, mark=EOS),
     "Kept although the base model already gives it 99 %, above the 95 % cutoff, because the end-of-turn token is "
     "protected."),
    (one(), "Kept: it receives 1.25 × uniform attention (limit 0.5); the base model gives it 50 % (limit 95 %); "
            "its relevance is 0.75 (limit 0.4)."),
    (one(mark=PROMPT), "Not trained: prompt."),
    (one(mark=TEMPLATE), "Not trained: part of the template."),
])
def test_sentences(table, expected):
    assert told(table) == expected


def test_a_token_that_fails_too_few_attributes():
    assert told(one(p=0.991), combine="two") == (
        "Kept: it fails one of the two attributes that it takes to drop a token: the base model already gives it "
        "99.1 %, above the 95 % cutoff.")


ROW = [i / 32 for i in range(1, 33)]  # 1/32 … 1, all told exactly in float32


def answer() -> ScoreTable:
    return tables.table([list(range(32))], scores={"logprob": [np.log(ROW)], "received_mean_adjusted": [ROW]},
                        types={"embedding_dataset": dict(enumerate(ROW))})


@pytest.mark.parametrize("name, token, rule, expected", [
    # (32 - 1) · 0.25 = 7.75 → between 8/32 and 9/32: 0.2734375
    ("reasoning", 0, Quantile(share=0.25), "below 0.273, the limit of the lowest 25 % of this response"),
    ("novelty", 31, Quantile(share=0.25, scope="dataset"),
     "above 75.8 %, the limit of the highest 25 % of all responses"),
    # Q1 8.75/32, IQR 15.5/32
    ("reasoning", 0, Fence(k=0.125), "below 0.213, the fence Q1 - 0.125 × IQR of this response"),
    # bins of 31/8192; the lower half ends in bin 123, whose centre is 1/32 + 123.5 · 31/8192 = 0.4986
    ("relevance", 0, Otsu(classes=2, drop=0), "in the lowest of 2 clusters (up to 0.499)"),
    ("relevance", 31, Otsu(classes=2, drop=1), "in the highest of 2 clusters (0.499 and more)"),
    # the same for 1 - p, which begins at 0: p above 1 - 123.5 · 31/8192 = 0.5327
    ("novelty", 31, Otsu(classes=2, drop=0), "in the lowest of 2 clusters by novelty (53.3 % and more)"),
    # s[int(32 · 0.9)] = s[28] = 29/32
    ("novelty", 31, Cutoff(value=0.5, cap=0.1, cap_ties="published"),
     "above 90.6 %, the limit that rule and cap (10 %) set in this response"),
])
def test_every_rule_has_its_words(name, token, rule, expected):
    rules = {other: Off() for other in ("reasoning", "novelty", "relevance")}
    assert expected in told(answer(), token, **{**rules, name: rule})


@pytest.mark.parametrize("name, worst", [("relevance", 0), ("novelty", 31)])
def test_a_token_in_a_worse_cluster_than_the_dropped_one_is_kept(name, worst):
    rules = {other: Off() for other in ("reasoning", "novelty", "relevance")}
    for token in (worst, 31 - worst):
        words = told(answer(), token, **{**rules, name: Otsu(classes=3, drop=1)})
        assert words.startswith("Kept: ") and "(dropped cluster: " in words
    assert "in the second-lowest of 3 clusters" in told(answer(), 16, **{**rules, name: Otsu(classes=3, drop=1)})


def test_a_token_that_the_cap_spared_says_so():
    spared = told(answer(), 1, reasoning=Cutoff(value=0.5, cap=0.04), novelty=Off(), relevance=Off())
    assert spared == ("Kept: it receives 0.0625 × uniform attention (below the 0.5 cutoff, but the cap of 4 % is used "
                      "up); the base model gives it 6.25 % (rule off); its relevance is 0.0625 (rule off).")


def test_a_score_that_is_not_used_says_so():
    table = tables.table([[1, 2, 3]], scores={"logprob": [[-1.0, -2.0, -3.0]],
                                              "received_mean_adjusted": [[0.25, 0.25, 0.25]]})
    assert told(table, 1).startswith("Kept: it receives 0.25 × uniform attention (not used: uninformative); ")


@pytest.mark.parametrize("value, others, expected", [
    (0.9996, (0.95,), "99.96 %"), (0.99999994, (0.95,), "99.99999 %"), (1.0, (0.95,), "100 %"),
    (0.95000005, (0.95,), "95.00001 %"), (0.95, (0.95,), "95 %"), (0.00004, (), "0.004 %"),
    (1e-12, (), "under 0.001 %"), (0.0, (), "0 %"), (0.29, (), "29 %"), (2e-7, (1e-7,), "0.00002 %")])
def test_percentages_never_lie_at_the_edge(value, others, expected):
    assert percent(value, *others) == expected


@given(st.floats(-1e4, 1e4, width=32), st.floats(-1e4, 1e4, width=32))
def test_different_numbers_read_differently_and_in_order(one, other):
    first, second = float(told_apart(one, other)), float(told_apart(other, one))
    assert (first < second) == (one < other) and (first > second) == (one > other)


def test_summary_of_an_example():
    p = [0.99, 0.99, 0.99, 0.5, 0.5, 0.5, 0.99, 0.99]
    received = [1.0, 0.25, 1.0, 0.25, 1.0, 1.0, 1.0, 1.0]
    relevance = {1: 0.75, 2: 0.125}
    marks = [RESPONSE] * 6 + [FINAL, PROMPT]
    table = tables.table([[1, 2, 1, 1, 2, 1, 1, 1], [1], [2, 1], []], [marks, [RESPONSE], [PROMPT, RESPONSE], []], {
        "logprob": [np.log(p), [-1.0], [-1.0, -0.01], []], "received_mean_adjusted": [received, [1.0], [1.0, 1.0], []]},
        {"embedding_dataset": relevance})
    verdicts = judge(table, Thresholds(**RULES, insist=True))
    assert [summary_sentence(table, verdicts, i) for i in range(4)] == [
        "5 of 7 response tokens are not trained: 3 the model already knows, 2 off-topic, 2 unattended; "
        "1 for three reasons; 1 more is protected.",
        "The only response token is trained.",
        "1 of 1 response token is not trained: 1 the model already knows.",
        "There are no response tokens."]
