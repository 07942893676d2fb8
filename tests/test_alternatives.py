"""The base model's alternatives: against the stored scores, and against the model run plainly by another route."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import AutoModelForCausalLM

from xtf import alternatives, runs, workspace
from xtf.alternatives import TOP
from xtf.cli.main import cli
from xtf.engine.alternatives import find
from xtf.errors import ModelError, SettingsError


@pytest.fixture
def run(workplace):
    return runs.open_run("problems")


def plain(model, ids):
    """float32[T, V]: probabilities of the token at each place, by the model's own forward and numpy."""
    with torch.inference_mode():
        logits = AutoModelForCausalLM.from_pretrained(model).float()(torch.tensor([ids.tolist()])).logits[0].numpy()
    powers = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return np.vstack([np.full((1, logits.shape[1]), np.nan), (powers / powers.sum(-1, keepdims=True))[:-1]])


def test_they_are_what_the_model_says_plainly(run, tiny_model):
    one, found = run.table().example(1), find(run, 1)
    expected = plain(tiny_model, one.ids)
    assert one.trainable.any() and found.ids.shape == found.p.shape == (len(one.ids), TOP)
    for token in np.flatnonzero(one.trainable):
        best = np.sort(expected[token])[::-1][:TOP]
        np.testing.assert_allclose(found.p[token], best, atol=1e-5)
        np.testing.assert_allclose(expected[token][found.ids[token]], best, atol=1e-5)
        assert len(set(found.ids[token].tolist())) == TOP


def test_they_agree_with_the_stored_scores(run):
    """Where fewer than five tokens are likelier, the true one is among the five, at its rank, with the stored p; and
    everywhere the first two are as far apart as the stored margin says: ln p1 - ln p2 is the difference of logits."""
    agreed = 0
    for index in range(6):
        one, found = run.table().example(index), find(run, index)
        likelihood = np.log(found.p[one.trainable].astype(float))
        np.testing.assert_allclose(likelihood[:, 0] - likelihood[:, 1], one.scores["margin"][one.trainable], atol=1e-4)
        for token in np.flatnonzero(one.trainable):
            place = np.flatnonzero(found.ids[token] == one.ids[token])
            assert len(place) == (one.scores["rank"][token] < TOP)
            if len(place):
                assert place[0] == one.scores["rank"][token]
                assert abs(found.p[token][place[0]] - np.exp(one.scores["logprob"][token])) < 1e-5
                agreed += 1
    assert agreed > 5


def test_what_is_not_trainable_has_none(run):
    one, found = run.table().example(0), find(run, 0)
    assert (~one.trainable).any()
    assert (found.ids[~one.trainable] == -1).all() and np.isnan(found.p[~one.trainable]).all()
    assert (found.ids[one.trainable] >= 0).all() and np.isfinite(found.p[one.trainable]).all()
    assert set(found.texts) == set(np.unique(found.ids[one.trainable]).tolist())


def test_chunks_change_nothing(run, monkeypatch):
    whole = find(run, 2)
    monkeypatch.setattr("xtf.engine.alternatives._ROWS", 3)
    pieces = find(run, 2)
    assert np.array_equal(whole.ids, pieces.ids)
    np.testing.assert_allclose(whole.p, pieces.p, atol=1e-6)


def test_they_are_kept_and_read_again(run):
    assert alternatives.cached(run, 3) is None
    found, kept = find(run, 3), alternatives.cached(run, 3)
    assert np.array_equal(kept.ids, found.ids) and kept.texts == found.texts
    assert np.array_equal(kept.p, found.p, equal_nan=True) and kept.p.dtype == np.float32
    assert alternatives.cached(run, 4) is None


def test_any_text_of_a_token_survives(home):
    texts = {0: "\x00", 1: "<b>", 2: "\ud800 \u202e", 3: '"\\', 4: "🙂"}
    found = alternatives.Alternatives(np.array([[4, 3, 2, 1, 0], [-1] * 5], np.int32),
                                      np.array([[.5, .2, .1, .05, .01], [np.nan] * 5], np.float32), texts)
    alternatives.write(home / "one.arrow", "me", found)
    assert alternatives.read(home / "one.arrow", "me").texts == texts


def test_what_is_damaged_or_of_another_run_is_absent(run):
    find(run, 0)
    path = next((run.path / "alternatives").iterdir())
    whole = path.read_bytes()
    renamed = whole.replace(b"xtf.alternatives", b"xtf.somethingelse"[:16])
    for damaged in (b"", b"nonsense", whole[:len(whole) // 2], renamed):
        path.write_bytes(damaged)
        assert alternatives.cached(run, 0) is None
    path.write_bytes(whole)
    assert alternatives.cached(run, 0) is not None
    told = workspace.read_json(run.path / "manifest.json")
    workspace.write_json(run.path / "manifest.json", told | {"run_id": "0123456789abcdef"})
    assert alternatives.cached(run, 0) is None


def test_another_model_in_the_old_ones_place_is_refused(run, tiny_model, tmp_path):
    told = workspace.read_json(run.path / "manifest.json")
    told["model"]["digest"] = "sha256:0"
    workspace.write_json(run.path / "manifest.json", told)
    with pytest.raises(ModelError, match="has changed since run problems was scored"):
        find(run, 0)
    told["settings"]["model"] = str(tmp_path / "gone")
    workspace.write_json(run.path / "manifest.json", told)
    with pytest.raises(ModelError, match="no model at"):
        find(run, 0)
    assert alternatives.cached(run, 0) is None


def test_a_device_that_is_not_here_gives_way(run):
    told = workspace.read_json(run.path / "manifest.json")
    told["settings"]["device"] = "cuda:7"
    workspace.write_json(run.path / "manifest.json", told)
    assert find(run, 0).ids.shape[1] == TOP


def test_the_command_tells_all_of_one_example(run):
    ran = CliRunner().invoke(cli, ["alternatives", "problems", "--position", "2", "--json"], catch_exceptions=False)
    told = json.loads(ran.stdout)
    one = run.table().example(2)
    assert (told["id"], told["known"], told["ids"]) == (one.id, False, one.ids.tolist())
    first = int(np.flatnonzero(one.trainable)[0])
    assert told["alternatives"]["ids"][first] == alternatives.cached(run, 2).ids[first].tolist()
    assert told["alternatives"]["p"][0] == [None] * TOP
    again = CliRunner().invoke(cli, ["alternatives", "problems", "--example", one.id, "--json"])
    assert json.loads(again.stdout)["known"] is True
    people = CliRunner().invoke(cli, ["alternatives", "problems", "--example", one.id])
    assert people.exit_code == 0 and "%" in people.stdout


@pytest.mark.parametrize("words, said", [
    ([], "Name one example"), (["--example", "0", "--position", "0"], "Name one example"),
    (["--position", "6"], "no example at position 6")])
def test_one_example_is_named(run, words, said):
    with pytest.raises(SettingsError, match=said):
        CliRunner().invoke(cli, ["alternatives", "problems", *words], catch_exceptions=False, standalone_mode=False)
