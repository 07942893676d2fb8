"""Verdicts, worked by hand; the published code's decisions from its own scores; the detector of empty scores."""

import gc
import math
import weakref

import numpy as np
import pytest
from skimage.filters import threshold_multiotsu

from tests import tables
from tests.tables import EOS, FINAL, NAN, PROMPT, RESPONSE
from xtf import filters
from xtf.config import PRESETS, Cutoff, Fence, Off, Otsu, Thresholds
from xtf.errors import XtfError
from xtf.filters import IGNORE, attribute, judge, labels, probability, relevance_scores
from xtf.store import ScoreTable

BY_CUTOFF = Thresholds(reasoning=Cutoff(value=1.0), novelty=Cutoff(value=0.95), relevance=Cutoff(value=0.5),
                       relevance_distance="raw")


def eight_kinds(marks: int = RESPONSE, last: int = RESPONSE) -> ScoreTable:
    """Token t (0 … 7) fails exactly the attributes whose bit is set in t."""
    return tables.table(
        [list(range(8))], [[marks] * 7 + [last]],
        {"received_mean_adjusted": [[0.1 * t + (0.2 if t & 1 else 2.0) for t in range(8)]],
         "logprob": [[math.log(0.99 - t / 1000 if t & 2 else 0.5 - t / 1000) for t in range(8)]]},
        {"embedding_dataset": {t: (0.1 if t & 4 else 0.9) - t / 100 for t in range(8)}})


def test_bits_name_the_attributes_that_fail():
    verdicts = judge(eight_kinds(), BY_CUTOFF)
    assert verdicts.failed.tolist() == verdicts.bits.tolist() == list(range(8))
    assert verdicts.keep.tolist() == [True] + [False] * 7
    assert not verdicts.protected.any()


@pytest.mark.parametrize("combine, dropped", [("any", [1, 2, 3, 4, 5, 6, 7]), ("two", [3, 5, 6, 7]), ("all", [7])])
def test_combine_counts_failed_attributes(combine, dropped):
    verdicts = judge(eight_kinds(), BY_CUTOFF.model_copy(update={"combine": combine}))
    assert np.flatnonzero(verdicts.bits).tolist() == dropped
    assert verdicts.failed.tolist() == list(range(8))


@pytest.mark.parametrize("mark, setting", [(EOS, "protect_eos"), (FINAL, "protect_final_answer")])
def test_protected_tokens_are_kept_and_say_so(mark, setting):
    verdicts = judge(eight_kinds(last=mark), BY_CUTOFF)
    assert verdicts.bits.tolist() == [*range(7), 0]
    assert verdicts.failed[7] == 7
    assert verdicts.protected.tolist() == [False] * 7 + [True]
    unprotected = judge(eight_kinds(last=mark), BY_CUTOFF.model_copy(update={setting: False}))
    assert unprotected.bits[7] == 7 and not unprotected.keep[7]


def test_prompt_tokens_are_neither_kept_nor_dropped():
    verdicts = judge(eight_kinds(marks=PROMPT), BY_CUTOFF)  # although the table holds bad scores for them
    assert verdicts.bits.tolist() == [0] * 7 + [7]
    assert not verdicts.keep.any()


def test_labels_ignore_what_is_not_kept():
    found = labels(np.array([5, 6, 7], np.int32), np.array([True, False, True]))
    assert found.tolist() == [5, IGNORE, 7] and IGNORE == -100 and found.dtype == np.int32


def test_probability_is_in_range_and_correctly_rounded():
    logprob = np.array([0.0, 1e-7, -math.inf, np.log(0.97)], np.float32)
    expected = [1.0, 1.0, 0.0, float(np.float32(math.exp(np.float32(np.log(0.97)))))]
    assert probability(logprob).tolist() == expected


# Relevance ------------------------------------------------------------------------------------------------------------

SIMILARITIES = {"embedding_dataset": {1: 0.2, 2: 0.6, 3: 0.4, 9: -1.0},
                "embedding_words": {1: 0.4, 2: 0.0, 3: 0.4, 9: 1.0},
                "hidden_dataset": {1: 0.5, 2: 0.5, 3: 0.5, 9: 0.1}}


def types_of_four() -> ScoreTable:
    """Types 1, 2, 3 in responses, 9 in prompts only; 3 reads like 9, which was seen first."""
    return tables.table([[9, 1, 2, 3]], [[PROMPT, RESPONSE, RESPONSE, RESPONSE]], types=SIMILARITIES,
                        first_ids={3: 9})


@pytest.mark.parametrize("change, expected", [
    ({"relevance_distance": "raw"}, [0.2, 0.6, 0.4, -1.0]),
    ({"relevance_distance": "raw", "relevance_domain": "words"}, [0.4, 0.0, 0.4, 1.0]),
    ({"relevance_distance": "raw", "relevance_domain": "both"}, [0.3, 0.3, 0.4, 0.0]),
    ({"relevance_distance": "raw", "relevance_vector": "hidden"}, [0.5, 0.5, 0.5, 0.1]),
    ({"relevance_distance": "raw", "relevance_key": "text"}, [0.2, 0.6, -1.0, -1.0]),
    # distances of the types in responses: 0.8, 0.4, 0.6, so 1 - (d - 0.4) / 0.4; the prompt's type lies outside
    ({}, [0.0, 1.0, 0.5, -3.0]),
    # of the first-seen types: 0.8, 0.4, 2.0, so 1 - (d - 0.4) / 1.6
    ({"relevance_key": "text"}, [0.75, 1.0, 0.0, 0.0]),
    # all distances in responses alike
    ({"relevance_vector": "hidden"}, [1.0, 1.0, 1.0, 1.0]),
])
def test_relevance_by_vector_domain_distance_and_key(change, expected):
    found = relevance_scores(types_of_four(), Thresholds(**change))
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_relevance_that_was_not_computed_drops_nothing_and_says_so():
    found = attribute(types_of_four(), Thresholds(relevance_vector="hidden", relevance_domain="words"), "relevance")
    assert not found.fails.any() and "not computed" in found.notes[0]


# Absent scores --------------------------------------------------------------------------------------------------------

def test_a_model_without_attention_switches_reasoning_off():
    found = attribute(types_of_four(), Thresholds(reasoning=Cutoff(value=9.0)), "reasoning")
    assert not found.fails.any() and np.isnan(found.limits).all() and "no attention" in found.notes[0]


def test_a_missing_column_is_named_with_those_that_exist():
    with pytest.raises(XtfError, match=r"received_list.*received_mean_adjusted"):
        judge(types_of_four(), Thresholds(reasoning_score="received_list"))


def test_a_table_dies_although_its_scores_were_remembered():
    table = eight_kinds()
    judge(table, Thresholds())
    gone = weakref.ref(table)
    del table
    gc.collect()
    assert gone() is None


def test_settings_tried_in_turn_do_not_mix_up_their_scores():
    table = tables.table([[1, 2, 3, 4]], scores={"received_mean": [[1.0, 2.0, 3.0, 4.0]],
                                                 "received_first": [[4.0, 3.0, 2.0, 1.0]],
                                                 "received_last": [[4.0, 1.0, 2.0, 3.0]]})
    lowest = {"received_mean": 0, "received_first": 3, "received_last": 1}
    for name in [*lowest, *reversed(lowest), "received_mean"]:
        found = attribute(table, Thresholds(reasoning_score=name, reasoning=Cutoff(value=1.5)), "reasoning")
        assert np.flatnonzero(found.fails).tolist() == [lowest[name]]
    assert len(filters._CACHE[table]["reasoning"]) == 2  # and memory stays bounded


# The published code ---------------------------------------------------------------------------------------------------

def golden_table(golden: dict) -> ScoreTable:
    """A run with the published code's own p and tr (tr hangs on the token alone)."""
    examples = golden["examples"]
    marks = [[PROMPT] * e["start"] + [RESPONSE] * (len(e["ids"]) - e["start"]) for e in examples]
    logprob = [[NAN] * e["start"] + np.log(e["p"][e["start"]:]).tolist() for e in examples]
    similarity = {token: tr for e in examples for token, tr in zip(e["ids"], e["tr"], strict=True)}
    return tables.table([e["ids"] for e in examples], marks, {"logprob": logprob, "row_mean": [
        [NAN] * e["start"] + e["ri_row_mean"][e["start"]:] for e in examples]}, {"hidden_words": similarity}, chunks=3)


def drops(golden: dict, name: str) -> list[bool]:
    return [flag for example in golden["examples"] for flag in example[name]]


def test_published_code_drops_what_the_published_code_drops(golden):
    table = golden_table(golden)
    verdicts = judge(table, PRESETS["published-code"][1])
    novelty, relevance = (verdicts.attributes[name].fails[table.trainable] for name in ("novelty", "relevance"))
    assert novelty.tolist() == drops(golden, "drop_kn")
    assert relevance.tolist() == drops(golden, "drop_tr")
    assert verdicts.attributes["reasoning"].informative.uninformative


def test_without_its_cap_novelty_drops_what_the_paper_says(golden):
    table = golden_table(golden)
    found = attribute(table, Thresholds(novelty=Cutoff(value=0.95)), "novelty")
    assert found.fails[table.trainable].tolist() == drops(golden, "drop_kn_paper")


def test_clusters_over_all_text_have_the_published_thresholds(golden):
    table = golden_table(golden)
    raw = Thresholds(relevance_vector="hidden", relevance_domain="words", relevance_distance="raw",
                     relevance_key="text")
    clusters = [attribute(table, raw.model_copy(update={"relevance": Otsu(drop=drop, scope="dataset+prompts")}),
                          "relevance").limits[0].tolist() for drop in range(5)]
    assert [low for low, _ in clusters[1:]] == [high for _, high in clusters[:-1]] == golden["otsu"]
    assert clusters[0][1] == golden["tr_floor"] and clusters[4][1] == math.inf


# Presets --------------------------------------------------------------------------------------------------------------

def random_table(seed: int = 0) -> ScoreTable:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 40, size=30)
    rows = [rng.integers(0, 60, size=n).tolist() for n in lengths]
    return tables.table(rows, scores={
        "logprob": [np.log(rng.beta(0.5, 0.5, size=n)) for n in lengths],
        "received_mean_adjusted": [rng.lognormal(size=n) for n in lengths],
        "received_mean": [rng.lognormal(size=n) for n in lengths]},
        types={"embedding_dataset": {t: float(rng.normal()) for t in range(60)}}, chunks=4)


def test_the_default_preset_step_by_step():
    table = random_table()
    verdicts = judge(table, PRESETS["corrected"][1])
    similarity = {int(t): s for t, s in zip(table.types("id"), table.types("embedding_dataset").astype(float),
                                            strict=True)}
    low, high = min(similarity.values()), max(similarity.values())
    relevance = np.array([np.float32((similarity[t] - low) / (high - low)) for t in table.ids.tolist()])
    t1, t2, *_ = threshold_multiotsu(relevance.astype(np.float64), classes=5)
    p = np.exp(table.column("logprob").astype(np.float64)).astype(np.float32)
    expected = []
    for start, end in zip(table.offsets, table.offsets[1:], strict=False):
        if start < end:
            received = table.column("received_mean_adjusted")[start:end].astype(np.float64)
            expected += (1 * (received < np.quantile(received, 0.02)) + 2 * (p[start:end] > 0.95)
                         + 4 * ((t1 <= relevance[start:end]) & (relevance[start:end] < t2))).tolist()
    assert verdicts.bits.tolist() == expected
    assert len(set(expected)) > 4  # not vacuous: single and double reasons occur


def test_keep_and_bits_agree_for_every_preset():
    table = random_table(1)
    for name in ("corrected", "paper"):
        verdicts = judge(table, PRESETS[name][1])
        assert ((verdicts.bits == 0) & table.trainable).tolist() == verdicts.keep.tolist()


def test_everything_off_keeps_everything():
    verdicts = judge(random_table(2), Thresholds(reasoning=Off(), novelty=Off(), relevance=Off()))
    assert verdicts.keep.all()


def test_a_fence_over_the_dataset_is_not_a_fence_over_each_answer():
    rows = [[1.0, 2.0, 3.0, 4.0], [101.0, 102.0, 103.0, 60.0]]
    table = tables.table([[0] * 4] * 2, scores={"received_mean_adjusted": rows})
    by_answer = attribute(table, Thresholds(reasoning=Fence(k=1.0, scope="example")), "reasoning")
    # second answer: Q1 90.75, Q3 102.25, fence 90.75 - 11.5 = 79.25
    assert by_answer.limits[1, 1] == 79.25 and np.flatnonzero(by_answer.fails).tolist() == [7]
    together = attribute(table, Thresholds(reasoning=Fence(k=1.0, scope="dataset")), "reasoning")
    assert not together.fails.any()
