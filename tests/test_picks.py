"""What a selection means: read strictly, and matched as a naive loop over the tokens matches it."""

import math

import numpy as np
import pytest

from tests import tables
from tests.tables import EOS, NAN, PROMPT, RESPONSE
from xtf import picks, roles
from xtf.config import ByType, Cutoff, Thresholds
from xtf.errors import SettingsError, StoreError
from xtf.filters import judge
from xtf.selection import covers, merged, parse, ranged

RULES = Thresholds(reasoning=Cutoff(value=0.5), novelty=Cutoff(value=0.75), relevance=Cutoff(value=0.5),
                   relevance_distance="raw", insist=True, overrides=(ByType(action="drop", token=3),))
TEXTS = {0: " and", 1: " 48", 2: "+", 3: "\n", 4: ".", 5: " x_y", 6: "<end>", 7: " the"}
BITS = {"reasoning": 1, "novelty": 2, "relevance": 4, "hand": 8}


@pytest.fixture(scope="module")
def drawn():
    """Fifty examples, some empty or without answers, with all verdicts: table and verdicts."""
    random = np.random.default_rng(7)
    lengths = random.integers(0, 12, 50)
    lengths[5] = 4
    ids = [random.integers(0, 8, length) for length in lengths]
    marks = [np.where(random.random(length) < 0.3, PROMPT, RESPONSE) for length in lengths]
    marks[3][:] = PROMPT
    ids[5][-1], marks[5][-1] = 6, EOS
    p = [np.round(random.random(length), 1).astype(np.float32) for length in lengths]
    p = [np.where(mark & RESPONSE, row, NAN) for row, mark in zip(p, marks, strict=True)]
    columns = {"logprob": [np.log(np.maximum(row, 1e-6)) for row in p],
               "received_mean_adjusted": [random.random(length) for length in lengths],
               "entropy": [random.random(length) * 3 for length in lengths]}
    table = tables.table([row.tolist() for row in ids], [row.tolist() for row in marks], columns,
                         {"embedding_dataset": {token: token * 3 % 8 / 7 for token in range(8)}}, texts=TEXTS, chunks=4)
    return table, judge(table, RULES)


def naive(table, verdicts, fits):
    """int64[N] by a loop; `fits` is asked for every response token, with all that is known of it."""
    entropy, found = table.column("entropy"), []
    for first, last in zip(table.offsets[:-1], table.offsets[1:], strict=True):
        answer = [token for token in range(first, last) if table.trainable[token]]
        found.append(sum(bool(fits(dict(
            bits=int(verdicts.bits[token]), id=int(table.ids[token]),
            role="special" if table.ids[token] == 6 else roles.role(TEXTS[int(table.ids[token])]),
            p=float(verdicts.attributes["novelty"].values[token]),
            ri=float(verdicts.attributes["reasoning"].values[token]), entropy=float(entropy[token]), place=place,
            share=(place + 0.5) / len(answer)))) for place, token in enumerate(answer)))
    return found


CASES = {
    "reasons:novelty+relevance": lambda t: t["bits"] == 6,
    "reasons:relevance+hand": lambda t: t["bits"] == 12,
    "reason:reasoning": lambda t: t["bits"] & 1,
    "reason:hand": lambda t: t["bits"] & 8,
    "role:numbers": lambda t: t["role"] == "numbers",
    "role:words:dropped": lambda t: t["role"] == "words" and t["bits"],
    "role:operators:kept": lambda t: t["role"] == "operators" and not t["bits"],
    "role:code:only-novelty": lambda t: t["role"] == "code" and t["bits"] == 2,
    "role:numbers:several": lambda t: t["role"] == "numbers" and t["bits"] in (3, 5, 6, 7),
    "role:whitespace:hand": lambda t: t["role"] == "whitespace" and t["bits"] & 8,
    "type:1": lambda t: t["id"] == 1,
    "type:3:by-relevance": lambda t: t["id"] == 3 and t["bits"] & 4,
    "type:4000": lambda t: False,
    "score:novelty:0.5:0.8": lambda t: 0.5 <= t["p"] < 0.8,
    "score:reasoning::0.5:dropped": lambda t: t["ri"] < 0.5 and t["bits"],
    "map:0.2:0.9:1:": lambda t: 0.2 <= t["p"] < 0.9 and t["entropy"] >= 1,
    "map::0.5::0.25:dropped": lambda t: t["p"] < 0.5 and t["entropy"] < 0.25 and t["bits"],
    "position:1:3": lambda t: 1 <= t["place"] < 3,
    "position:2:": lambda t: t["place"] >= 2,
    "relative:0.25:0.5:kept": lambda t: 0.25 <= t["share"] < 0.5 and not t["bits"],
}


@pytest.mark.parametrize("pick", CASES)
def test_matching_tokens_are_those_that_a_loop_finds(pick, drawn):
    table, verdicts = drawn
    found = picks.matching(table, verdicts, pick)
    assert found.dtype == np.int64 and found.tolist() == naive(table, verdicts, CASES[pick])
    assert [picks.tokens(table, verdicts, pick, row).sum() for row in range(len(table))] == found.tolist()


def test_the_drawn_table_holds_something_of_every_kind(drawn):
    empty = [pick for pick in CASES if not picks.matching(*drawn, pick).any()]
    assert set(empty) <= {"type:4000"}


def test_matching_examples_are_those_that_a_loop_finds(drawn):
    table, verdicts = drawn
    trainable, kept = naive(table, verdicts, lambda t: True), naive(table, verdicts, lambda t: not t["bits"])
    shares = [k / n if n else NAN for k, n in zip(kept, trainable, strict=True)]
    for low, high in ((0.0, 0.2), (0.2, 0.5)):
        found = picks.matching(table, verdicts, ranged("kept", low, high))
        assert found.tolist() == [int(low <= share < high) for share in shares]
    found = picks.matching(table, verdicts, "kept:0.5:")
    assert found.sum() == sum(share >= 0.5 for share in shares) > 0
    for few in (1, 3):
        assert picks.matching(table, verdicts, f"under:{few}").tolist() == [
            int(n > 0 and k < few) for k, n in zip(kept, trainable, strict=True)]
    assert not picks.tokens(table, verdicts, "under:3", 0).any()


def test_a_score_on_the_edge_of_a_range_lies_above_it():
    """float32 of 0.95 is 0.949999988: below 0.95, as it is for a rule p > 0.95."""
    table = tables.table([[1, 2, 3]], scores={"received_mean_adjusted": [[0.95, 0.5, 0.25]]})
    verdicts = judge(table, Thresholds())
    assert picks.matching(table, verdicts, "score:reasoning:0.5:0.95").tolist() == [2]
    assert picks.matching(table, verdicts, "score:reasoning:0.95:").tolist() == [0]
    assert picks.matching(table, verdicts, "score:reasoning:0.25:0.5").tolist() == [1]


@pytest.mark.parametrize("text", [
    "", "reasons", "reasons:", "reasons:novelty+reasoning", "reasons:novelty+novelty", "reasons:colour",
    "reason:novelty+relevance", "reasons:novelty:dropped", "role", "role:nouns", "role:numbers:gone",
    "role:numbers:kept:kept", "role:numbers:", "type", "type:", "type:-1", "type:1e3", "type:²", "type:1:gone",
    "type:99999999999", "kept:0.5", "kept:0.5:0.2", "kept:0.5:0.5", "kept:a:b", "kept:0:1:dropped", "kept:nan:1",
    "kept:0:inf", "under:",
    "under:5:kept", "under:five", "map:0:1", "map:0:1:0", "map:0:1:0:1:2", "map:1:0:0:1", "position:0x1:3",
    "score:0:1", "score:novelty:0", "score:colour:0:1", "relative: 0:1", "unknown:1", "map:0:1:0:1:dropped:dropped",
    "<script>alert(1)</script>", "reasons:" + "novelty+" * 5000])
def test_what_is_no_pick_is_told_in_a_sentence(text):
    with pytest.raises(SettingsError, match=r"^The selection .{0,90} means nothing here: clear it, .*\.$"):
        parse(text)


@pytest.mark.parametrize("text", [*CASES, "kept:0:0.2", "kept::", "under:5", "map::::", "score:relevance:-0.25:1e-09"])
def test_a_pick_is_written_as_it_was_read(text):
    assert str(parse(text)) == text


def test_ranges_are_written_by_their_ends():
    assert ranged("map", 0.95, math.inf, -math.inf, 0.25, verdict="dropped") == "map:0.95:::0.25:dropped"
    assert ranged("score", 0.1 + 0.2, 0.5, name="novelty") == "score:novelty:0.3:0.5"
    assert ranged("position", 0, 10) == "position:0:10"


def test_marks_selected_together_become_one_range():
    assert merged(["kept:0.2:0.25", "kept:0.1:0.15", "kept:0.15:0.2"]) == "kept:0.1:0.25"
    assert merged(["map:0:0.5:1:2", "map:0.5::0.5:1"]) == "map:0::0.5:2"
    assert merged(["score:novelty:0:0.1", "score:relevance:0.4:0.5"]) == "score:relevance:0.4:0.5"
    assert merged(["reasons:novelty", "reason:relevance"]) == "reason:relevance"
    assert merged([]) is None
    with pytest.raises(SettingsError):
        merged(["reasons:novelty", "nonsense"])


def test_a_mark_belongs_to_the_pick_that_holds_its_range():
    assert covers("kept:0.1:0.3", "kept:0.1:0.15") and covers("kept:0.25:", "kept:0.95:")
    assert not covers("kept:0.1:0.3", "kept:0.25:0.35") and not covers("position:0:9", "relative:0:0.5")
    assert covers("map:::0.5:1:dropped", "map:0:1:0.5:1:dropped") and not covers("map:::0.5:1", "map:0:1:0.5:1:kept")
    assert covers("reason:novelty", "reason:novelty") and not covers("reasons:novelty", "reasons:novelty+relevance")


SAID = {
    "reasons:novelty": "tokens dropped by novelty alone",
    "reasons:novelty+relevance": "tokens dropped by novelty and relevance, and by nothing else",
    "reasons:reasoning+novelty+relevance": "tokens dropped by reasoning, novelty and relevance, and by nothing else",
    "reason:hand": "tokens dropped by hand",
    "role:numbers:dropped": "tokens of the class numbers that are dropped",
    "role:words:only-novelty": "tokens of the class words dropped by novelty alone",
    "type:1:kept": "tokens “␣48” that are kept",
    "type:3": "tokens “⏎”",
    "type:99": "tokens of the id 99",
    "score:novelty:0.5:0.95": "tokens with p from 0.5 to 0.95",
    "map:0.95:::2": "tokens with p from 0.95 up and entropy below 2 nats",
    "position:0:10": "tokens with fewer than 10 response tokens before them",
    "position:10:20": "tokens with 10 to 19 response tokens before them",
    "relative:0.9:": "tokens in the last 10 % of their response",
    "relative:0.25:0.5": "tokens from 25 % to 50 % of the way through their response",
    "kept:0:0.2": "examples that keep less than 20 % of their response tokens",
    "kept:0.95:": "examples that keep 95 % or more of their response tokens",
    "under:5": "examples that keep fewer than 5 tokens",
    "under:1": "examples that keep no token",
}


@pytest.mark.parametrize("pick", SAID)
def test_picks_are_told_in_words(pick, drawn):
    assert picks.words(pick, drawn[0]) == SAID[pick]


def test_a_map_of_a_run_without_entropy_is_told():
    table = tables.table([[1, 2]], scores={"logprob": [[-1.0, -2.0]]})
    with pytest.raises(StoreError, match="no column entropy"):
        picks.matching(table, judge(table, Thresholds()), "map:0:1:0:1")
    assert picks.matching(table, judge(table, Thresholds()), "reason:novelty").tolist() == [0]
