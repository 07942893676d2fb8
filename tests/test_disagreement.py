"""How strategies differ: agreement, kappa, overlap and ranking by hand, against a loop, and on the command line."""

import json
from itertools import combinations

import numpy as np
import pytest
from click.testing import CliRunner

from tests.random_tables import random_table, random_thresholds
from tests.tables import NAN, PROMPT, RESPONSE, saved, table
from xtf import blocks, disagreement, profile, strategies
from xtf.cli.main import cli
from xtf.comparison import seen
from xtf.config import STRATEGY_SETTINGS, Cutoff, Dft, Off, Thresholds
from xtf.disagreement import View
from xtf.errors import StoreError

#: One prompt token, then ten response tokens of the types 5 (six times) and 6 (four times).
IDS = [[1, 5, 5, 5, 5, 5], [5, 6, 6, 6, 6]]
MARKS = [[PROMPT] + [RESPONSE] * 5, [RESPONSE] * 5]
DROPS = {"a": "01111000000", "b": "01100101000", "c": "00000000000", "random-40": "00010000111"}


def views(drops=DROPS):
    return {name: View(name.upper(), np.array([one == "1" for one in marks])) for name, marks in drops.items()}


def small(**scores):
    return table(IDS, MARKS, scores, texts={5: " five", 6: "<6>"})


# By hand


def test_agreement_kappa_and_jaccard():
    """a drops 4 of 10, b drops 4, 2 of them the same: 10 - 2 - 2 = 6 alike. By chance .4 × .4 + .6 × .6 = .52, so
    kappa is (.6 - .52) / (1 - .52) = 1/6. Either drops 6: Jaccard 2/6. c drops nothing: alike on the 6 that a keeps,
    which is what chance gives, and no overlap."""
    found = disagreement.agreement(small(), views())
    assert found.tokens == 10 and found.dropped.tolist() == [4, 4, 0, 4]
    assert found.kept_shares.tolist() == [0.6, 0.6, 1, 0.6]
    assert found.both.tolist() == [[4, 2, 0, 1], [2, 4, 0, 0], [0, 0, 0, 0], [1, 0, 0, 4]]
    assert found.same[0].tolist() == pytest.approx([1, 0.6, 0.6, 0.4])
    assert found.kappa[0].tolist() == pytest.approx([1, 1 / 6, 0, -0.25])
    assert found.jaccard[0, :3].tolist() == pytest.approx([1, 1 / 3, 0])
    assert np.isnan(found.kappa[2, 2]) and np.isnan(found.jaccard[2, 2]) and found.same[2, 2] == 1


def test_pairs_stand_with_the_least_alike_first():
    rows = disagreement.pairs(disagreement.agreement(small(), views({name: DROPS[name] for name in "abc"})))
    assert rows[["a", "b"]].to_numpy().tolist() == [["A", "C"], ["B", "C"], ["A", "B"]]
    assert rows.loc[2, ["both", "only_a", "only_b", "neither"]].tolist() == [2, 2, 2, 4]


def test_opposites_have_kappa_minus_one_and_the_same_one():
    opposite = views({"a": "01111100000", "b": "00000011111", "c": "01111100000"})
    assert disagreement.agreement(small(), opposite).kappa[0].tolist() == pytest.approx([1, -1, 1])


def test_types_are_ranked_by_the_pairs_that_differ():
    """Of three pairs of a, b and c, two differ wherever one or two of them drop. Tokens of type 5: a and b on two, a
    alone on two, b alone on one, nobody on the last: 5 × 2/3. Of type 6: b alone on one. Random does not count."""
    found = disagreement.types(small(), views())
    assert found["id"].tolist() == [5, 6] and found["text"].tolist() == [" five", "<6>"]
    assert found["tokens"].tolist() == [6, 4] and found["role"].tolist() == ["words", "numbers"]
    assert found["differ"].tolist() == pytest.approx([10 / 3, 2 / 3])
    assert found["mean"].tolist() == pytest.approx([5 / 9, 1 / 6])
    assert found["a"].tolist() == pytest.approx([4 / 6, 0]) and found["b"].tolist() == pytest.approx([3 / 6, 1 / 4])
    assert found["random-40"].tolist() == pytest.approx([1 / 6, 3 / 4])


def test_examples_and_their_tokens():
    found = disagreement.examples(small(), views())
    assert found["tokens"].tolist() == [5, 5] and found["a"].tolist() == [4, 0] and found["b"].tolist() == [3, 1]
    assert found["mean"].tolist() == pytest.approx([5 * 2 / 3 / 5, 2 / 3 / 5])
    taken = disagreement.sample(small(), views(), 0)
    assert np.isnan(taken[:, 0]).all()
    assert taken[:2, 1:].tolist() == [[1, 1, 1, 1, 0], [1, 1, 0, 0, 1]]


def test_the_tokens_on_which_they_differ_most_come_with_their_text():
    found = disagreement.tokens(small(), views(), 3, type_id=6)
    assert [(one.token, one.id, one.left, one.text, one.right) for one in found] == [
        (7, "e1", " five", "<6>", "<6><6><6>")]
    assert found[0].drops == {"a": False, "b": True, "c": False, "random-40": False}
    assert found[0].share == pytest.approx(2 / 3)
    every = disagreement.tokens(small(), views(), 20)
    assert sorted(one.token for one in every) == [1, 2, 3, 4, 5, 7]  # not those on which all agree
    one_each = disagreement.tokens(small(), views(), 2)
    assert {one.id for one in one_each} == {"e0", "e1"}


def test_what_goes_by_p():
    """p of .9 .9 .1 .1, one prompt token before. What drops the likely ones has r = 1, the unlikely ones r = -1; DFT's
    weights are p, so it takes 1 - p away: .1 .1 .9 .9, whose mean p is (.09 + .09 + .09 + .09) / 2 = .18."""
    scored = table([[1, 2, 3, 4, 5]], [[PROMPT] + [RESPONSE] * 4],
                   {"logprob": [[NAN, *np.log([0.9, 0.9, 0.1, 0.1])]]})
    dft = disagreement.view(scored, "DFT", strategies.judge(scored, Thresholds(strategy=Dft())))
    plain = views({"likely": "01100", "unlikely": "00011", "nothing": "00000", "half": "01010"})
    rows = disagreement.by_p(scored, {**plain, "dft": dft})
    found = rows.set_index("name")
    assert found["r"].to_dict() == pytest.approx(
        {"likely": 1, "unlikely": -1, "nothing": NAN, "half": 0, "dft": -1}, abs=1e-6, nan_ok=True)
    assert found["p_taken"].to_dict() == pytest.approx(
        {"likely": 0.9, "unlikely": 0.1, "nothing": NAN, "half": 0.5, "dft": 0.18}, nan_ok=True)
    assert found["p_left"].to_dict() == pytest.approx(
        {"likely": 0.1, "unlikely": 0.9, "nothing": 0.5, "half": 0.5, "dft": 0.82})
    assert disagreement.about_p(rows) == [
        "LIKELY (r +1.00) takes away what the base model finds likely.",
        "UNLIKELY (r −1.00) and DFT (r −1.00) take away what the base model finds unlikely.",
        "They disagree about the sign of p: the one side drops tokens because the base model knows them already, the "
        "other because it does not expect them.",
        "HALF goes by something else than p (|r| below 0.1)."]


def test_without_two_that_look_at_the_token_nothing_differs():
    for few in ({"a": DROPS["a"]}, {"a": DROPS["a"], "random": DROPS["b"]}):
        assert disagreement.types(small(), views(few))["differ"].tolist() == [0, 0]
        assert disagreement.tokens(small(), views(few)) == []


# Against a naive loop


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("piece", [1 << 18, 16])
def test_all_counts_are_those_of_a_loop(seed, piece, monkeypatch):
    monkeypatch.setattr(blocks, "TOKENS", piece)
    random = np.random.default_rng(seed)
    scored = random_table(random)
    found, _ = seen.all_seen(scored, ["xtf", "random", "normal", "stm", "df-perplexity", "xtf-kn"],
                             random_thresholds(random))
    rows = [token for token in range(len(scored.ids)) if scored.trainable[token]]
    drops = {name: {token: bool(one.drops[token]) for token in rows} for name, one in found.items()}
    agreed = disagreement.agreement(scored, found)
    for (i, a), (j, b) in combinations(enumerate(found), 2):
        alike = [drops[a][token] == drops[b][token] for token in rows]
        both = [drops[a][token] and drops[b][token] for token in rows]
        either = [drops[a][token] or drops[b][token] for token in rows]
        assert agreed.same[i, j] == pytest.approx(np.mean(alike) if rows else NAN, nan_ok=True)
        assert agreed.jaccard[i, j] == pytest.approx(sum(both) / sum(either) if any(either) else NAN, nan_ok=True)
    counted = [name for name in found if name != "random"]
    pairs = list(combinations(counted, 2))
    differ = {token: np.mean([drops[a][token] != drops[b][token] for a, b in pairs]) for token in rows}
    types = disagreement.types(scored, found).set_index("id")
    for kind, row in types.iterrows():
        own = [token for token in rows if scored.ids[token] == kind]
        assert row["tokens"] == len(own) and row["differ"] == pytest.approx(sum(differ[token] for token in own))
        assert row["stm"] == pytest.approx(np.mean([drops["stm"][token] for token in own]))
    assert types["differ"].is_monotonic_decreasing and types["tokens"].sum() == len(rows)
    by_example = disagreement.examples(scored, found)
    for index, row in by_example.iterrows():
        own = [token for token in rows if scored.example_at(token) == index]
        assert row["mean"] == pytest.approx(np.mean([differ[token] for token in own]) if own else NAN, nan_ok=True)
        assert row["stm"] == sum(drops["stm"][token] for token in own)
    told = disagreement.tokens(scored, found, 7, seed=seed)
    most = sorted(differ.values(), reverse=True)[:len(told)]
    assert [one.share for one in told] == pytest.approx(most)
    assert all(one.share == pytest.approx(differ[one.token]) for one in told)


def test_the_map_is_the_dataset_page_s_in_larger_cells():
    random = np.random.default_rng(5)
    p = np.clip(random.beta(0.5, 0.4, (9, 40)), 1e-6, 1)
    p[0, :4] = [0.95, 0.4, 0.05, 1.0]  # on edges
    entropy = -np.log(p) * random.random(p.shape) * 3
    entropy[0, :4] = [0.001, 0.5, 10.0, -1e-7]
    scored = table(random.integers(1, 9, p.shape).tolist(), None, {"logprob": np.log(p).tolist(),
                                                                   "entropy": entropy.tolist()})
    chosen = Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.95), insist=True)
    for kind in ("xtf", "stm", "entropy"):
        verdicts = strategies.judge(scored, chosen.model_copy(update={"strategy": STRATEGY_SETTINGS[kind]()}))
        found = disagreement.regions(scored, {kind: disagreement.view(scored, kind, verdicts)})
        fine = profile.p_entropy(scored, verdicts)
        rows = np.searchsorted(disagreement.ENTROPY_EDGES, profile.ENTROPY_EDGES[:-1], side="right") - 1
        columns = np.searchsorted(disagreement.P_EDGES, profile.P_EDGES[:-1], side="right") - 1
        for large, small in ((found.every, fine.every), (found.taken[kind], fine.dropped)):
            expected = np.zeros(large.shape)
            np.add.at(expected, (rows[:, None], columns[None, :]), small)
            assert (large == expected).all()
        assert found.every.sum() == p.size


def test_a_run_without_entropy_has_no_map_and_says_what_cannot_be_judged():
    scored = small(logprob=[[NAN, -1, -2, -1, -2, -1], [-1, -1, -1, -1, -1]])
    with pytest.raises(StoreError, match="no column entropy"):
        disagreement.regions(scored, views())
    found, lacking = seen.all_seen(scored, ["stm", "entropy", "token-cleaning", "augment"], Thresholds())
    assert list(found) == ["stm"] and list(lacking) == ["entropy", "token-cleaning", "augment"]
    assert "xtf prepare RUN --strategy token-cleaning" in lacking["token-cleaning"]
    assert "xtf augment RUN" in lacking["augment"]


# On the command line


def agreement_of(*words):
    ran = CliRunner().invoke(cli, ["agreement", *words], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_the_command_prints_what_the_library_finds(demo_run):
    found = json.loads(agreement_of("demo", "--strategies", "xtf,stm,xtf-kn,slm", "--json"))
    scored = demo_run.table()
    expected, _ = seen.all_seen(scored, ["xtf", "stm", "xtf-kn"], Thresholds())
    agreed = disagreement.agreement(scored, expected)
    assert [one["name"] for one in found["strategies"]] == ["xtf", "stm", "xtf-kn"]
    assert np.array(found["kappa"], float) == pytest.approx(agreed.kappa, nan_ok=True)
    assert found["tokens"] == agreed.tokens
    assert [one["kept"] for one in found["strategies"]] == (agreed.tokens - agreed.dropped).tolist()
    assert "xtf prepare demo --strategy slm" in found["lacking"]["slm"]
    assert found["types"][0]["id"] == int(disagreement.types(scored, expected)["id"][0])
    told = agreement_of("demo")
    assert "STM" in told and "kappa" in told and "Random" in told


def test_the_command_s_faults_are_told_in_a_sentence(demo_run):
    for words, said in ((["--strategies", "xtf,unknown"], "unknown"), (["--strategies", "xtf"], "two")):
        ran = CliRunner().invoke(cli, ["agreement", "demo", *words])
        assert ran.exit_code != 0 and said in str(ran.exception)


def test_runs_without_response_tokens_are_no_fault(home):
    run = saved("silent", table([[1, 2]], [[PROMPT, PROMPT]]))
    found, _ = seen.all_seen(run.table(), ["xtf", "normal"], Thresholds())
    agreed = disagreement.agreement(run.table(), found)
    assert agreed.tokens == 0 and np.isnan(agreed.same).all()
    assert disagreement.types(run.table(), found).empty
