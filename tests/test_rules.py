"""Rules against naive loops over examples, and multi-Otsu against scikit-image."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import threshold_multiotsu

from tests import tables
from xtf import otsu
from xtf.config import RULES, Cutoff, Fence, Off, Otsu, Quantile, RuleSettings, Thresholds
from xtf.errors import SettingsError
from xtf.filters import Attribute, attribute
from xtf.ranks import Scores, per_example
from xtf.store import ScoreTable

ALONE = {"reasoning": Off(), "novelty": Off(), "relevance": Off(), "protect_eos": False,
         "protect_final_answer": False, "insist": True}

# A coarse grid, so that ties and values exactly at a limit are common.
answers = st.lists(st.lists(st.sampled_from([i / 16 for i in range(17)] + [math.nan]), max_size=12),
                   min_size=1, max_size=6).filter(lambda rows: any(rows))
shares = st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0])
caps = {"cap": st.sampled_from([None, 0.0, 0.1, 0.25, 0.29, 0.5, 1.0]),
        "cap_ties": st.sampled_from(["position", "published"])}
scopes = st.sampled_from(["example", "dataset"])
any_rule = st.one_of(
    st.builds(Off, **caps),
    st.builds(Cutoff, value=st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.95, 1.0]), **caps),
    st.builds(Quantile, share=shares, scope=scopes, **caps),
    st.builds(Fence, k=st.sampled_from([0.0, 0.25, 1.0, 1.5]), scope=scopes, **caps),
    st.integers(2, 4).flatmap(lambda classes: st.builds(
        Otsu, classes=st.just(classes), drop=st.integers(0, classes - 1),
        scope=st.sampled_from(["example", "dataset", "dataset+prompts"]), **caps)))


def judged(rows: list[list[float]], rule: RuleSettings, name: str) -> Attribute:
    """The attribute of a run whose tokens have these values (novelty: p)."""
    thresholds = Thresholds(**{**ALONE, name: rule, "relevance_distance": "raw"})
    return attribute(_run(rows, name), thresholds, name)


def _run(rows: list[list[float]], name: str) -> ScoreTable:
    ids = [[0] * len(row) for row in rows]
    if name == "reasoning":
        return tables.table(ids, scores={"received_mean_adjusted": rows}, chunks=2)
    if name == "novelty":
        with np.errstate(divide="ignore"):
            return tables.table(ids, scores={"logprob": [np.log(row) for row in rows]}, chunks=2)
    ids = [[int(v * 16) if v == v else 99 for v in row] for row in rows]
    return tables.table(ids, types={"embedding_dataset": {i: i / 16 for i in range(17)}}, chunks=2)


def naive(rows: list[list[float]], rule: RuleSettings, novelty: bool) -> list[list[bool]]:
    """Example by example, in display terms, with numpy's and scikit-image's own functions."""
    everything = [v for row in rows for v in row if v == v]
    return [_naive_answer(row, everything, rule, novelty) for row in rows]


def _naive_answer(row: list[float], everything: list[float], rule: RuleSettings, novelty: bool) -> list[bool]:
    scored = [v for v in row if v == v]
    if not scored:
        return [False] * len(row)
    fails = _naive_rule(scored if getattr(rule, "scope", "") == "example" else everything, rule, novelty)
    failing = [i for i, v in enumerate(row) if v == v and fails(v)]
    n, s = len(scored), sorted(scored)
    if rule.cap is not None and rule.cap_ties == "position":
        worst_first = sorted(failing, key=lambda i: (-row[i] if novelty else row[i], i))
        failing = worst_first[:math.floor(Fraction(str(rule.cap)) * n)]
    elif rule.cap is not None and novelty:
        place = int(n * (1 - rule.cap))
        failing = [i for i in failing if place < n and row[i] > s[place]]
    elif rule.cap is not None:
        place = int(n * rule.cap)
        failing = [i for i in failing if place >= n or row[i] < s[place]]
    return [i in failing for i in range(len(row))]


def _naive_rule(pool: list[float], rule: RuleSettings, novelty: bool):
    if isinstance(rule, Cutoff):
        return lambda v: v > rule.value if novelty else v < rule.value
    if isinstance(rule, Quantile):
        limit = np.quantile(pool, 1 - rule.share if novelty else rule.share)
        return lambda v: v > limit if novelty else v < limit
    if isinstance(rule, Fence):
        q1, q3 = np.quantile(pool, 0.25), np.quantile(pool, 0.75)
        return lambda v: v > q3 + rule.k * (q3 - q1) if novelty else v < q1 - rule.k * (q3 - q1)
    if isinstance(rule, Otsu):
        return _naive_otsu([1 - v for v in pool] if novelty else pool, rule, novelty)
    return lambda v: False


def _naive_otsu(pool: list[float], rule: Otsu, novelty: bool):
    for classes in range(rule.classes, 1, -1):
        try:
            thresholds = threshold_multiotsu(np.array(pool), classes=classes)
            break
        except ValueError:  # too few distinct values
            continue
    else:
        return lambda v: False
    highest_asked = rule.drop == rule.classes - 1
    drop = classes - 1 if highest_asked else rule.drop
    if drop >= classes - 1 and not highest_asked:
        return lambda v: False
    return lambda v: np.digitize(1 - v if novelty else v, thresholds) == drop


@settings(max_examples=250, deadline=None)
@given(rows=answers, rule=any_rule, name=st.sampled_from(["reasoning", "novelty", "relevance"]))
def test_every_rule_scope_and_cap_equals_a_naive_loop(rows, rule, name):
    found = judged(rows, rule, name)
    assert found.fails.tolist() == [flag for row in naive(rows, rule, name == "novelty") for flag in row]


@settings(max_examples=100, deadline=None)
@given(rows=answers, rule=any_rule, name=st.sampled_from(["reasoning", "novelty", "relevance"]))
def test_limits_say_which_tokens_fail_in_display_terms(rows, rule, name):
    found = judged(rows, rule, name)
    for t, (value, fails) in enumerate(zip(found.values, found.fails, strict=True)):
        example = np.searchsorted(np.cumsum([len(row) for row in rows]), t, side="right")
        low, high = found.limits[example if len(found.limits) > 1 else 0]
        if name == "novelty":
            inside = not math.isnan(low) and low < value and (math.isnan(high) or value <= high)
        else:
            inside = not math.isnan(high) and value < high and (math.isnan(low) or value >= low)
        assert inside == fails or (rule.cap is not None and rule.cap_ties == "position" and inside)


def test_all_rules_of_the_settings_are_covered():
    assert set(RULES) == {"off", "cutoff", "quantile", "fence", "otsu"}


def test_cutoff_is_strict_for_the_float32_neighbours_of_95_percent():
    at = np.float32(0.95)
    row = [float(np.nextafter(at, np.float32(0))), float(at), float(np.nextafter(at, np.float32(1)))]
    table = tables.table([[1, 2, 3]], scores={"logprob": [np.log(row).tolist()]})
    found = attribute(table, Thresholds(**{**ALONE, "novelty": Cutoff(value=0.95)}), "novelty")
    assert found.values.tolist() == row
    assert found.fails.tolist() == [p > 0.95 for p in row] == [False, False, True]


def test_limits_are_compared_without_rounding_them_to_float32():
    # float32(0.7) is 0.69999998…, which is below 0.7; float32(0.1) is 0.10000000149…, which is not below 0.1.
    assert judged([[0.7, 0.1]], Cutoff(value=0.7), "reasoning").fails.tolist() == [True, True]
    assert judged([[0.7, 0.1]], Cutoff(value=0.1), "reasoning").fails.tolist() == [False, False]


def test_a_cap_on_a_middle_cluster_takes_the_worst_of_that_cluster():
    row = [1.0, 0.55, 0.5, 0.0, 0.0, 0.5, 0.45, 0.0, 1.0, 1.0]
    found = judged([row], Otsu(classes=3, drop=1, cap=0.2), "reasoning")
    assert np.flatnonzero(found.fails).tolist() == [2, 6]  # of 0.45, 0.5, 0.5 and 0.55, two of ten tokens


def test_cap_of_29_percent_of_100_tokens_is_29_tokens():
    found = judged([[i % 16 / 16 for i in range(100)]], Cutoff(value=1.0, cap=0.29), "reasoning")
    assert found.fails.sum() == 29  # floor(0.29 · 100) in binary would be 28
    # 7 tokens each have 0/16, 1/16, 2/16 and 3/16; of those with 4/16 (at 4, 20, 36 …) the first one is taken.
    assert np.flatnonzero(found.fails)[:8].tolist() == [0, 1, 2, 3, 4, 16, 17, 18]


def test_uncommon_shares_are_numpys_quantiles():
    rng = np.random.default_rng(3)
    rows = [rng.normal(size=n).astype(np.float32).tolist() for n in (1, 2, 51, 101, 333)]
    for share in (0.02, 0.07, 0.3, 0.999):
        found = judged(rows, Quantile(share=share), "reasoning")
        expected = [np.quantile(np.array(row, np.float64), share) for row in rows]
        assert found.limits[:, 1].tolist() == expected


@pytest.mark.parametrize("drop, expected", [
    (0, [1, 0, 0]),  # the lowest of the three that could be made
    (1, [0, 1, 0]),
    (2, [0, 0, 0]),  # would be the highest, which was not asked for
    (4, [0, 0, 1]),  # the highest was asked for
])
def test_few_distinct_values_make_fewer_clusters_and_say_so(drop, expected):
    found = judged([[0.0, 0.25, 1.0]], Otsu(classes=5, drop=drop), "relevance")
    assert found.fails.tolist() == [bool(flag) for flag in expected]
    assert "3 were made" in found.notes[0]


def test_a_single_value_makes_no_clusters_and_drops_nothing():
    found = judged([[0.5, 0.5, 0.5]], Otsu(classes=2, drop=0), "reasoning")
    assert not found.fails.any()
    assert "nothing is dropped" in found.notes[-1]


def test_fewer_clusters_in_some_answers_are_counted():
    found = judged([[0.0, 1.0], [0.0, 0.25, 0.5, 1.0]], Otsu(classes=3, drop=0, scope="example"), "reasoning")
    # {0, ¼} {½} {1} varies less within its clusters than {0} {¼} {½, 1}
    assert found.fails.tolist() == [True, False, True, True, False, False]
    assert found.notes[0].startswith("1 of 2 responses")


def test_a_cluster_that_cannot_exist_is_the_users_error():
    with pytest.raises(SettingsError, match=r"no cluster 3 among 3: choose 0 .* to 2"):
        judged([[0.0, 0.5, 1.0]], Otsu(classes=3, drop=3), "reasoning")


def test_prompts_take_part_in_the_clusters_of_relevance_only():
    ids = [[1, 1, 1, 2, 3, 4]]
    marks = [[tables.PROMPT] * 3 + [tables.RESPONSE] * 3]
    values = {1: -1.0, 2: 0.0, 3: 0.5, 4: 1.0}
    table = tables.table(ids, marks, {"received_mean_adjusted": [[tables.NAN] * 3 + [0.0, 0.5, 1.0]]},
                         {"embedding_dataset": values})
    thresholds = Thresholds(**{**ALONE, "relevance_distance": "raw", "reasoning": Otsu(classes=2, drop=0,
                            scope="dataset+prompts"), "relevance": Otsu(classes=2, drop=0, scope="dataset+prompts")})
    relevance = attribute(table, thresholds, "relevance")
    assert relevance.limits[0, 1] == threshold_multiotsu(np.array([values[token] for token in ids[0]]), classes=2)[0]
    assert attribute(table, thresholds, "reasoning").notes == (
        "Prompt tokens have no such score: the clusters are those of the responses.",)


def _samples():
    rng = np.random.default_rng(1)
    yield rng.normal(size=4000).astype(np.float32)
    yield rng.beta(0.2, 0.2, size=1000)
    yield np.round(rng.normal(size=300), 1)
    yield rng.integers(0, 7, size=50) / 7
    yield np.repeat([0.1, 0.5, 0.9], [5, 1, 1])
    yield np.concatenate([rng.normal(size=500), [1e6]])
    # the first two bins filled, which scikit-image weighs alike, so that cuts tie and the first one must win
    yield np.array([0.0] * 14 + [0.005, 0.227, 0.623, 0.084, 0.833, 0.787, 1.0])


def test_multiotsu_equals_scikit_image():
    for values in _samples():
        for classes in (2, 3, 4):
            try:
                expected = threshold_multiotsu(values.astype(np.float64), classes=classes)
            except ValueError:
                continue
            assert otsu.multiotsu(*otsu.histogram(values), classes).tolist() == expected.tolist()


def test_multiotsu_of_five_classes_equals_scikit_image():
    values = np.random.default_rng(2).beta(0.4, 0.3, size=3000)  # scikit-image takes seconds for it
    expected = threshold_multiotsu(values, classes=5)
    assert otsu.multiotsu(*otsu.histogram(values), 5).tolist() == expected.tolist()


def test_weights_stand_for_repeated_values():
    rng = np.random.default_rng(5)
    values, times = rng.normal(size=200), rng.integers(1, 500, size=200)
    expected = threshold_multiotsu(np.repeat(values, times), classes=4)
    assert otsu.multiotsu(*otsu.histogram(values, times), 4).tolist() == expected.tolist()


def test_examples_without_tokens_count_nothing():
    flags = np.array([True, False, True, True])
    assert per_example(flags, np.array([0, 0, 1, 1, 4, 4])).tolist() == [0, 1, 0, 2, 0]
    assert per_example(flags[:0], np.array([0, 0])).tolist() == [0]


def test_ranking_puts_negative_and_signed_zero_values_in_order():
    values = np.array([0.0, -0.0, -2.5, np.nan, 1e-38, -1e-38, 3.0, -np.inf], np.float32)
    scores = Scores(values, np.array([0, 5, 8]))
    assert scores.ranked.tolist() == [-2.5, 0.0, 0.0, float(values[4]), -math.inf, float(values[5]), 3.0]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=300))
def test_the_histogram_of_sorted_values_is_numpys(values):
    values = np.sort(np.array(values, np.float32))
    counts, centres = otsu.histogram_of_sorted(values)
    theirs, edges = np.histogram(values.astype(np.float64), bins=otsu.BINS)
    assert counts.tolist() == theirs.tolist()
    assert centres.tolist() == ((edges[:-1] + edges[1:]) / 2).tolist()
