"""Verdicts by hand: what they name, which goes before which, and where they are counted."""

import numpy as np
import pytest

from tests.random_tables import random_table, random_thresholds
from tests.tables import EOS, FINAL, PROMPT, RESPONSE, table
from xtf import explain, filters, overrides, roles, stats
from xtf.columns import Mark
from xtf.config import ByClass, BySpan, ByType, Cutoff, Off, Thresholds
from xtf.filters import BY_HAND

TEXTS = {1: "Say", 2: " 12", 3: " the", 5: ""}
P = {1: 0.5, 2: 0.99, 3: 0.5, 5: 0.99}


def example_table():
    """Prompt "Say", response " 12 the 12<eos>", of which the last 12 is the final answer; then the same in another."""
    ids = [[1, 2, 3, 2, 5], [1, 2, 3, 2, 5]]
    marks = [[PROMPT, RESPONSE, RESPONSE, FINAL, EOS]] * 2
    return table(ids, marks, {"logprob": [[np.log(P[token]) for token in row] for row in ids]}, texts=TEXTS)


def thresholds(*by_hand, **settings):
    return Thresholds(**{"reasoning": Off(), "novelty": Cutoff(value=0.95), "relevance": Off(), "insist": True,
                         "overrides": by_hand, **settings})


def kept(*by_hand, **settings):
    found = filters.judge(example_table(), thresholds(*by_hand, **settings))
    return ["".join(".k"[int(kept)] for kept in found.keep[5 * i:5 * i + 5]) for i in (0, 1)]


def test_without_overrides_the_rules_and_protections_decide():
    assert kept() == ["..kkk", "..kkk"]


@pytest.mark.parametrize(("by_hand", "expected"), [
    ([ByClass(action="keep", role="numbers")], [".kkkk", ".kkkk"]),
    ([ByClass(action="drop", role="words")], ["...kk", "...kk"]),  # the prompt is never trained, so never dropped
    ([ByClass(action="drop", role="numbers")], ["..kkk", "..kkk"]),  # the final answer is protected from a class
    ([ByType(action="drop", token=2)], ["..k.k", "..k.k"]),  # but not from a type
    ([ByType(action="drop", token=2, text=" 12")], ["..k.k", "..k.k"]),
    ([ByType(action="drop", token=2, text=" 13")], ["..kkk", "..kkk"]),  # another tokenizer's id 2
    ([ByType(action="drop", token=99)], ["..kkk", "..kkk"]),
    ([BySpan(action="drop", example="e0", start=7, end=8)], ["...kk", "..kkk"]),  # within " the"
    ([BySpan(action="drop", example="e0", start=7, end=8, quote="t")], ["...kk", "..kkk"]),
    ([BySpan(action="drop", example="e0", start=7, end=8, quote="x")], ["..kkk", "..kkk"]),
    ([BySpan(action="drop", example="nobody", start=7, end=8)], ["..kkk", "..kkk"]),
    ([BySpan(action="keep", example="e1", start=0, end=6)], ["..kkk", ".kkkk"]),
    # The closer one wins, whatever the order; of equals the last.
    ([BySpan(action="keep", example="e0", start=4, end=6), ByType(action="drop", token=2)], [".kk.k", "..k.k"]),
    ([ByType(action="keep", token=2), ByClass(action="drop", role="numbers")], [".kkkk", ".kkkk"]),
    ([ByType(action="keep", token=2), ByType(action="drop", token=2)], ["..k.k", "..k.k"]),
    ([ByType(action="drop", token=2), ByType(action="keep", token=2)], [".kkkk", ".kkkk"]),
])
def test_what_an_override_means(by_hand, expected):
    assert kept(*by_hand) == expected


def test_dropping_the_final_answer_by_hand_takes_more_than_a_class():
    assert kept(ByClass(action="drop", role="numbers"), protect_final_answer=False) == ["..k.k", "..k.k"]


def test_overrides_that_mean_nothing_here_are_told():
    found = filters.judge(example_table(), thresholds(ByType(action="drop", token=99),
                                                      BySpan(action="drop", example="nobody", start=0, end=1)))
    assert stats.summary(example_table(), found)["notes"][-1].startswith("2 overrides by hand name text or tokens")


def test_they_are_counted_and_told():
    scored = example_table()
    found = filters.judge(scored, thresholds(ByClass(action="keep", role="numbers"), ByType(action="drop", token=3)))
    told = stats.summary(scored, found)
    assert told["by_hand"] == {"dropped": 2, "alone": 2, "kept": 4}  # the final answers are kept by hand, too
    assert told["protected"] == 2  # both EOS
    assert told["dropped"] == 2 and told["kept"] == 6
    assert explain.sentence(scored, found, 2) == "Dropped by hand: its token type is never trained."
    assert explain.sentence(scored, found, 1).endswith("because its class of tokens is kept by hand.")
    assert explain.summary_sentence(scored, found, 0).startswith("1 of 4 response tokens is not trained: 1 dropped by")


def test_a_class_dropped_but_protected_says_what_protects_it():
    scored = example_table()
    found = filters.judge(scored, thresholds(ByClass(action="drop", role="numbers")))
    assert "because the final answer is protected" in explain.sentence(scored, found, 3)


@pytest.mark.parametrize("seed", range(60))
def test_verdicts_equal_a_walk_over_the_tokens(seed):
    random = np.random.default_rng(seed)
    scored = random_table(random)
    chosen = random_thresholds(random)
    found, plain = (filters.judge(scored, settings) for settings in (chosen, chosen.model_copy(
        update={"overrides": (), "protect_eos": False, "protect_final_answer": False})))
    guard = filters.protected_marks(chosen)
    for token in range(int(scored.offsets[-1])):
        shielded = bool(scored.marks[token] & guard)
        decision = walk(scored, chosen, token)
        if decision is None or (decision.by == "class" and shielded):
            keeps = shielded or plain.keep[token]
        else:
            keeps = decision.action == "keep"
        assert found.keep[token] == (scored.trainable[token] and keeps)
        by_hand = bool(found.bits[token] & BY_HAND)
        assert by_hand == bool(scored.trainable[token] and decision and decision.action == "drop"
                               and not (decision.by == "class" and shielded))


def walk(scored, chosen, token):
    """The override that decides about a token, if any."""
    example = scored.example(scored.example_at(token))
    here = token - int(scored.offsets[example.index])
    kind = int(scored.ids[token])
    text = scored.type_texts[int(np.flatnonzero(scored.types("id") == kind)[0])]
    start, end = example.spans[here]
    found = None
    for by in ("class", "type", "span"):
        for override in (one for one in chosen.overrides if one.by == by):
            special = bool((scored.marks[scored.ids == kind] & Mark.SPECIAL).any())
            if ((by == "class" and override.role == ("special" if special else roles.role(text)))
                    or (by == "type" and override.token == kind)
                    or (by == "span" and override.example == example.id and start < override.end
                        and end > override.start)):
                found = override
    return found


def test_every_decision_is_either_for_keeping_or_for_dropping():
    assert (overrides.DROPS ^ overrides.KEEPS).tolist() == [False, *[True] * (len(overrides.Hand) - 1)]


@pytest.mark.parametrize(("text", "role"), [
    (" the", "words"), ("don't", "words"), ("été", "words"), ("语", "words"), ("a1", "words"),
    ("12", "numbers"), (" 3.5", "numbers"), ("-4", "numbers"), ("1,000", "numbers"), ("50%", "numbers"),
    ("$5", "numbers"), ("+", "operators"), (" <<", "operators"), ("==", "operators"), ("×", "operators"),
    (".", "punctuation"), ("####", "punctuation"), ('"', "punctuation"), ("(", "punctuation"), ("$", "punctuation"),
    ("{", "code"), ("my_name", "code"), ("isEmpty", "code"), ("()", "code"), (";", "code"), ("`", "code"),
    (" ", "whitespace"), ("\n\n", "whitespace"), ("\t", "whitespace"),
    ("", "other"), ("\ufffd", "other"), (" \ufffd", "other"), ("\u202e", "other")])
def test_roles(text, role):
    assert roles.role(text) == role


def test_special_tokens_are_known_by_their_mark():
    assert roles.ROLES[roles.of_types(example_table())[3]] == "special"
