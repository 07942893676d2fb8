"""Two settings on one run, against counts worked by hand and a naive loop over tokens."""

import json

import numpy as np
import pytest

from tests.random_tables import random_table, random_thresholds
from tests.tables import EOS, PROMPT, RESPONSE, table
from xtf import difference, roles
from xtf.config import ByType, Cutoff, Off, Thresholds
from xtf.filters import REASONS, judge

TEXTS = {1: "Say", 2: " 12", 3: " the", 4: "+", 5: ""}
P = {1: 0.5, 2: 0.99, 3: 0.6, 4: 0.4, 5: 0.7}


def two_examples():
    """Responses " 12 the+<eos>" and " the the", an example of a prompt alone, after prompts of one token."""
    ids = [[1, 2, 3, 4, 5], [1, 3, 3], [1]]
    marks = [[PROMPT, RESPONSE, RESPONSE, RESPONSE, EOS], [PROMPT, RESPONSE, RESPONSE], [PROMPT]]
    return table(ids, marks, {"logprob": [[np.log(P[token]) for token in row] for row in ids]}, texts=TEXTS, chunks=2)


def above(p, *by_hand):
    return Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=p), insist=True, overrides=by_hand)


def test_a_difference_worked_by_hand():
    """a drops p > 0.5: " 12", " the"; EOS is protected. b drops p > 0.95 and "+" by hand: " 12" and "+". So all three
    " the" are rescued, of which two are all of the second example, and "+" is newly dropped."""
    scored = two_examples()
    a, b = judge(scored, above(0.5)), judge(scored, above(0.95, ByType(action="drop", token=4)))
    found = difference.compare(scored, a, b)
    assert {name: found[name] for name in ("trainable", "kept_by_both", "kept_by_neither", "newly_dropped", "rescued",
                                           "agreement")} == {
        "trainable": 6, "kept_by_both": 1, "kept_by_neither": 1, "newly_dropped": 1, "rescued": 3,
        "agreement": pytest.approx(1 / 3)}
    assert (found["a"], found["b"]) == ({"kept": 2, "kept_share": 1 / 3}, {"kept": 4, "kept_share": 2 / 3})
    assert found["reasons"] == {"newly_dropped": {"reasoning": 0, "novelty": 0, "relevance": 0, "by_hand": 1,
                                                  "by_strategy": 0},
                                "rescued": {"reasoning": 0, "novelty": 3, "relevance": 0, "by_hand": 0,
                                            "by_strategy": 0}}
    changed = {role: part for role, part in found["roles"].items() if part["newly_dropped"] or part["rescued"]}
    assert changed == {"words": {"tokens": 3, "newly_dropped": 0, "rescued": 3},
                       "operators": {"tokens": 1, "newly_dropped": 1, "rescued": 0}}
    assert found["roles"]["numbers"]["tokens"] == found["roles"]["special"]["tokens"] == 1
    first, second = found["examples"]["most"]
    assert first == {"index": 0, "id": "e0", "trainable": 4, "kept_a": 2, "kept_b": 2, "newly_dropped": 1, "rescued": 1}
    assert second == {"index": 1, "id": "e1", "trainable": 2, "kept_a": 0, "kept_b": 2, "newly_dropped": 0,
                      "rescued": 2}
    assert (found["examples"]["changed"], found["examples"]["filled"], found["examples"]["emptied"]) == (2, 1, 0)
    assert found["examples"]["lost"] == []
    assert json.loads(json.dumps(found, allow_nan=False)) == found

    back = difference.compare(scored, b, a, most=1)
    assert (back["newly_dropped"], back["rescued"], back["examples"]["emptied"]) == (3, 1, 1)
    assert [row["id"] for row in back["examples"]["lost"]] == ["e1"] and len(back["examples"]["most"]) == 1


def naive(scored, a, b):
    """The same by a loop over all tokens."""
    found = {"newly_dropped": 0, "rescued": 0, "both": 0, "neither": 0}
    reasons = {kind: dict.fromkeys(REASONS, 0) for kind in ("newly_dropped", "rescued")}
    by_role = {role: {"tokens": 0, "newly_dropped": 0, "rescued": 0} for role in roles.ROLES}
    examples = []
    role_of = roles.of_types(scored)
    for index in range(len(scored)):
        kept_a = kept_b = gone = back = 0
        for t in range(int(scored.offsets[index]), int(scored.offsets[index + 1])):
            if not scored.trainable[t]:
                continue
            role = by_role[roles.ROLES[role_of[scored.type_of[t]]]]
            role["tokens"] += 1
            before, after = bool(a.keep[t]), bool(b.keep[t])
            kept_a, kept_b = kept_a + before, kept_b + after
            if before == after:
                found["both" if before else "neither"] += 1
                continue
            kind, bits = ("newly_dropped", b.bits[t]) if before else ("rescued", a.bits[t])
            found[kind] += 1
            role[kind] += 1
            gone, back = gone + before, back + after
            for name, bit in REASONS.items():
                reasons[kind][name] += bool(bits & bit)
        examples.append((index, kept_a, kept_b, gone, back))
    return found, reasons, by_role, examples


@pytest.mark.parametrize("seed", range(60))
def test_a_difference_agrees_with_a_loop_over_tokens(seed, monkeypatch):
    monkeypatch.setattr("xtf.blocks.TOKENS", 30)
    random = np.random.default_rng(seed)
    scored = random_table(random)
    a, b = (judge(scored, random_thresholds(random)) for _ in range(2))
    found = difference.compare(scored, a, b, most=3)
    counts, reasons, by_role, examples = naive(scored, a, b)
    assert counts == {"newly_dropped": found["newly_dropped"], "rescued": found["rescued"],
                      "both": found["kept_by_both"], "neither": found["kept_by_neither"]}
    assert found["reasons"] == reasons and found["roles"] == by_role
    assert found["a"]["kept"] == int(a.keep.sum()) and found["b"]["kept"] == int(b.keep.sum())
    changed = sorted((row for row in examples if row[3] + row[4]), key=lambda row: -(row[3] + row[4]))
    assert [(row["index"], row["kept_a"], row["kept_b"], row["newly_dropped"], row["rescued"])
            for row in found["examples"]["most"]] == changed[:3]
    emptied = [row for row in examples if row[1] and not row[2]]
    assert found["examples"]["emptied"] == len(emptied) and found["examples"]["changed"] == len(changed)
    assert [row["index"] for row in found["examples"]["lost"]] == [
        row[0] for row in sorted(emptied, key=lambda row: -row[1])][:3]


def test_equal_settings_do_not_differ():
    scored = two_examples()
    found = difference.compare(scored, judge(scored, above(0.5)), judge(scored, above(0.5)))
    assert found["newly_dropped"] == found["rescued"] == found["examples"]["changed"] == 0
    assert found["agreement"] == 1 and found["examples"]["most"] == []


def test_a_run_without_answers_compares_to_nothing():
    scored = table([[1, 2]], [[PROMPT, PROMPT]])
    found = difference.compare(scored, judge(scored, above(0.5)), judge(scored, above(0.9)))
    assert found["trainable"] == 0 and found["a"]["kept_share"] == 0 and found["agreement"] == 1
