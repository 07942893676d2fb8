"""A sentence of one's own: scored as the run was, and judged beside it without changing it."""

import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from tests.scored import HOSTILE
from xtf import filters, runs, sentences, stats, workspace
from xtf.cli.main import cli
from xtf.columns import TYPE_COLUMNS, Mark
from xtf.config import PRESETS, ByType, Cutoff, Fence, Otsu, Quantile, Thresholds
from xtf.data import formats
from xtf.engine.sentence import score
from xtf.errors import DataError, SettingsError, StoreError

CUTOFFS = Thresholds(reasoning=Cutoff(value=1.0), novelty=Cutoff(value=0.01), relevance=Cutoff(value=0.4))


@pytest.fixture
def run(workplace):
    return runs.open_run("problems")


def texts_of(index):
    """Prompt and response of an example of the run, read from the data and not from the run."""
    from xtf.config import ScoreSettings

    found = list(formats.examples(ScoreSettings(data="demo", limit=6)))[index]
    return tuple(message.content for message in found.messages)


def test_an_example_of_the_run_gets_its_own_scores_again(run):
    for index in (0, 4):
        one, found = run.table().example(index), score(run, *texts_of(index))
        again = sentences.beside(run.table(), found).example(6)
        assert again.text == one.text and again.ids.tolist() == one.ids.tolist()
        assert again.marks.tolist() == one.marks.tolist() and again.spans.tolist() == one.spans.tolist()
        assert again.scores.keys() == one.scores.keys()
        for name, column in one.scores.items():
            np.testing.assert_allclose(again.scores[name], column, rtol=1e-4, atol=1e-5, err_msg=name)


def test_so_do_its_alternatives(run):
    from xtf.engine.alternatives import find

    found, expected = score(run, *texts_of(2)).alternatives, find(run, 2)
    np.testing.assert_allclose(found.p, expected.p, atol=1e-5)
    assert found.ids.tolist() == expected.ids.tolist() and found.texts == expected.texts


@pytest.mark.parametrize("thresholds", [
    CUTOFFS, PRESETS["corrected"][1], CUTOFFS.model_copy(update={"relevance_distance": "raw", "combine": "two"}),
    CUTOFFS.model_copy(update={"relevance_vector": "hidden", "relevance_key": "text", "relevance": Otsu(drop=0)}),
    CUTOFFS.model_copy(update={"reasoning": Fence(k=0.1), "novelty": Quantile(share=0.3)})])
def test_the_runs_own_verdicts_stay(thresholds, run):
    """Cutoffs, rules within an answer, and clusters of token types, which the sentence does not count among."""
    table = run.table()
    before = filters.judge(table, thresholds)
    beside = sentences.beside(table, score(run, "Why?", "Because Zürich has 999 trams! 🙂\n#### 999"))
    after, end = filters.judge(beside, thresholds), int(table.offsets[-1])
    assert len(beside) == 7 and before.bits.any()
    for name in ("bits", "failed", "keep", "protected"):
        assert np.array_equal(getattr(after, name)[:end], getattr(before, name))
    assert np.array_equal(after.attributes["relevance"].values[:end], before.attributes["relevance"].values,
                          equal_nan=True)


def test_a_twin_of_an_example_gets_its_verdicts(run):
    table = run.table()
    beside = sentences.beside(table, score(run, *texts_of(3)))
    verdicts = filters.judge(beside, CUTOFFS)
    own, twin = (slice(beside.offsets[i], beside.offsets[i + 1]) for i in (3, 6))
    assert verdicts.bits[own].any() and verdicts.bits[own].tolist() == verdicts.bits[twin].tolist()
    np.testing.assert_allclose(verdicts.attributes["relevance"].values[own],
                               verdicts.attributes["relevance"].values[twin], atol=1e-6)


def test_rules_over_the_dataset_count_the_sentence(run):
    """Worked by hand: the 30 % highest p of all responses and the sentence together."""
    table = run.table()
    beside = sentences.beside(table, score(run, "Why?", "Tom has 48 apples."))
    dataset = CUTOFFS.model_copy(update={"novelty": Quantile(share=0.3, scope="dataset"), "relevance": Cutoff(value=-9),
                                         "reasoning": Cutoff(value=-9), "protect_eos": False,
                                         "protect_final_answer": False})
    p = np.exp(beside.column("logprob").astype(float))
    expected = np.nan_to_num(p) > np.nanquantile(p, 0.7)
    here = slice(int(beside.offsets[6]), None)
    assert (filters.judge(beside, dataset).bits != 0)[here].tolist() == expected[here].tolist()


def test_token_types_are_the_runs_and_the_new_ones_know_nothing(run):
    table = run.table()
    found = score(run, "Why?", "Because Zürich! Tom has 48 apples.")
    beside = sentences.beside(table, found)
    ids, known = beside.types("id"), table.types("id")
    new = sorted(set(found.shard["ids"][0].as_py()) - set(known.tolist()))
    assert new and ids.tolist() == sorted({*known.tolist(), *new})
    old = np.isin(ids, known)
    for name in ("id", "first_id", "count", "response_count", *TYPE_COLUMNS):
        assert np.array_equal(beside.types(name)[old], table.types(name)), name
    assert not beside.types("count")[~old].any() and np.isnan(beside.types("embedding_dataset")[~old]).all()
    assert [text for text, was in zip(beside.type_texts, old) if was] == table.type_texts
    relevance = filters.judge(beside, CUTOFFS).attributes["relevance"].values[int(table.offsets[-1]):]
    one = beside.example(6)
    assert np.isnan(relevance[one.trainable]).tolist() == np.isin(one.ids[one.trainable], new).tolist()


def test_overrides_by_hand_reach_the_sentence(run):
    table, found = run.table(), score(run, "Why?", "Tom has 48 apples.")
    token = int(found.shard["ids"][0].as_py()[-4])
    hand = Thresholds(overrides=(ByType(action="drop", token=token),))
    beside = sentences.beside(table, found)
    verdicts = filters.judge(beside, hand)
    assert not (verdicts.keep & (beside.ids == token)).any()


def test_some_of_the_shards_are_enough(run):
    table, found = run.table(), score(run, "Why?", "Tom has 48 apples.")
    many = SimpleNamespace(rounding=1e-5, shards=[table.shards[0]] * 3, types=table.types, type_texts=table.type_texts)
    assert len(sentences.beside(many, found)) == 19 and len(sentences.beside(many, found, shards=2)) == 13
    assert sentences.beside(many, found, shards=2).example_ids[12] == sentences.EXAMPLE


def test_other_columns_than_the_runs_are_refused(run):
    found = score(run, "Why?", "Tom has 48 apples.")
    other = sentences.Sentence(**{**vars(found), "shard": found.shard.drop_columns(["margin"])})
    with pytest.raises(StoreError, match="margin"):
        sentences.beside(run.table(), other)


def test_it_is_kept_and_read_again(run):
    run_id = run.manifest.run_id
    assert sentences.cached(run_id, HOSTILE, HOSTILE) is None
    found, kept = score(run, HOSTILE, HOSTILE), sentences.cached(run_id, HOSTILE, HOSTILE)
    assert repr(kept.shard.to_pylist()) == repr(found.shard.to_pylist()) and kept.texts == found.texts
    assert kept.shard["text"][0].as_py().count(HOSTILE) == 2
    assert sentences.cached(run_id, HOSTILE, HOSTILE + " ") is None
    assert sentences.cached("another run", HOSTILE, HOSTILE) is None


@pytest.mark.parametrize("name", ["scores.arrow", "alternatives.arrow", "sentence.json"])
def test_a_damaged_one_is_absent(name, run):
    score(run, "Why?", "Because.")
    path = workspace.home() / "sentences" / sentences.digest(run.manifest.run_id, "Why?", "Because.") / name
    whole = path.read_bytes()
    for damaged in (b"", b"{}", whole[:len(whole) // 2]):
        path.write_bytes(damaged)
        assert sentences.cached(run.manifest.run_id, "Why?", "Because.") is None
    path.write_bytes(whole)
    assert sentences.cached(run.manifest.run_id, "Why?", "Because.")
    path.unlink()
    assert sentences.cached(run.manifest.run_id, "Why?", "Because.") is None


def test_only_the_newest_stay(run, monkeypatch):
    monkeypatch.setattr(sentences, "KEPT", 3)
    first = score(run, "Why?", "Because.")
    for number in range(4):
        sentences.keep(sentences.Sentence(**{**vars(first), "prompt": str(number)}))
    held = [number for number in range(4) if sentences.cached(first.run_id, str(number), "Because.")]
    assert held == [1, 2, 3] and not sentences.cached(first.run_id, "Why?", "Because.")


def test_what_cannot_be_scored_is_told(run):
    with pytest.raises(DataError, match="no token that could be scored"):
        score_without_eos(run, "Why?", "")
    with pytest.raises(DataError, match="longer than the 512 tokens"):
        score(run, "Why?", "apples " * 2000)


def score_without_eos(run, *texts):
    told = workspace.read_json(run.path / "manifest.json")
    told["settings"]["eos"] = False
    workspace.write_json(run.path / "manifest.json", told)
    return score(run, *texts)


def test_lone_surrogates_are_replaced_as_in_data(run):
    assert "a\ufffdb" in score(run, "Why?", "a\udc80b").shard["text"][0].as_py()


def invoked(*words, input=None):
    return CliRunner().invoke(cli, ["sentence", "problems", *words], input=input, catch_exceptions=False,
                              standalone_mode=False)


def test_the_command_tells_scores_and_verdicts(run):
    words = ["--prompt", "-- why?", "--response=-Tom has 48 apples.\n#### 48", "--novelty-cutoff", "0.5"]
    told = json.loads(invoked(*words, "--json").stdout)
    assert told["known"] is False and told["text"].count("-Tom has 48 apples.") == 1
    trainable = np.array(told["trainable"])
    p = np.array([value or np.nan for value in told["p"]], float)
    assert np.isfinite(p[trainable]).all() and np.isnan(p[~trainable]).all()
    final = (np.array(told["marks"]) & (Mark.FINAL_ANSWER | Mark.EOS)) != 0
    assert not (np.array(told["verdict"])[final]).any() and len(told["alternatives"]["ids"]) == len(p)
    assert json.loads(invoked(*words, "--json").stdout)["known"] is True
    assert "response token" in invoked(*words).stdout


def test_long_texts_come_from_files_and_standard_input(run, tmp_path):
    path = tmp_path / "prompt.txt"
    path.write_text("Why, Zoë?\n\n", encoding="utf-8")
    told = json.loads(invoked("--prompt-file", str(path), "--response-file", "-", "--json", input="Because.\n").stdout)
    assert "Why, Zoë?\n<" in told["text"] and "Because.<" in told["text"]
    assert sentences.cached(run.manifest.run_id, "Why, Zoë?\n", "Because.")


@pytest.mark.parametrize("words", [["--prompt", "a"], ["--response", "a"],
                                   ["--prompt", "a", "--response", "b", "--response-file", "-"]])
def test_each_text_is_given_once(words, run):
    with pytest.raises(SettingsError, match=r"Give the \w+ once"):
        invoked(*words)


def test_statistics_read_a_table_with_a_sentence(run):
    beside = sentences.beside(run.table(), score(run, "Why?", "Because."))
    assert stats.summary(beside, filters.judge(beside, CUTOFFS))["examples"] == 7
    assert isinstance(beside.shards[-1 + len(beside.shards)], pa.Table)
