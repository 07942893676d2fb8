"""Rules in words."""

import pytest

from xtf import rule_words
from xtf.config import PRESETS, Cutoff, Fence, Off, Otsu, Quantile


@pytest.mark.parametrize(("rule", "name", "words"), [
    (Off(), "novelty", "nothing"),
    (Cutoff(value=0.9999), "novelty", "p above 99.99 %"),
    (Cutoff(value=0.25, cap=0.1), "relevance", "scores below 0.25, at most 10 % of a response"),
    (Quantile(share=0.02), "reasoning", "the lowest 2 % of each response"),
    (Quantile(share=0.3, scope="dataset"), "novelty", "the highest 30 % of all responses"),
    (Otsu(classes=3, drop=0), "novelty", "the lowest of 3 clusters by novelty over all responses"),
    (Fence(k=1.5), "novelty", "outliers above Q3 + 1.5 × IQR of each response"),
    (Fence(k=1.0, scope="dataset"), "reasoning", "outliers below Q1 - 1 × IQR of all responses"),
])
def test_one_rule(rule, name, words):
    assert rule_words.rule(rule, name) == words


def test_the_default_preset():
    assert rule_words.dropped(PRESETS["corrected"][1]) == [
        "the lowest 2 % of each response", "p above 95 %", "the second-lowest of 5 clusters over all responses"]
