"""Augmented data as a run: originals as they were, twins after them, resumable, and reached by the command."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from tests.commands import refused, told
from tests.scored import score
from xtf import runs, workspace
from xtf.cli.main import cli
from xtf.config import ScoreSettings
from xtf.data import formats, substitution
from xtf.engine import augmented, local
from xtf.errors import DataError, StoreError
from xtf.runs import open_run

SHOP = [{"id": "a", "question": "Tom has 48 hats and sells 20. What is left?",
         "answer": "48-20=<<48-20=28>>28\n#### 28"},
        {"id": "b", "question": "Why?", "answer": "Because. #### 1"}]


def data_file(folder, rows):
    path = folder / "shop.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def texts_of(run):
    return list(run.table().texts())


def test_originals_come_first_token_for_token_and_twins_after_them(demo_run):
    found = augmented.score(demo_run, "twins")
    table, before = open_run("twins").table(), demo_run.table()
    count = len(before)
    assert found.made.examples == count == 6 and found.made.twins == len(table) - count >= 4
    assert list(table.example_ids[:count]) == list(before.example_ids)
    np.testing.assert_array_equal(table.ids[:before.offsets[-1]], before.ids)
    np.testing.assert_array_equal(table.marks[:before.offsets[-1]], before.marks)
    np.testing.assert_allclose(table.column("logprob")[:before.offsets[-1]], before.column("logprob"), atol=1e-4)
    assert all(name.endswith("-twin") and name.removesuffix("-twin") in set(before.example_ids)
               for name in table.example_ids[count:])
    assert not set(texts_of(demo_run)) & set(list(table.texts())[count:])


def test_counts_are_what_the_runs_hold(demo_run):
    found = augmented.score(demo_run, "twins")
    table, before = open_run("twins").table(), demo_run.table()
    assert (found.before["tokens"], found.before["trainable"]) == (len(before.ids), before.trainable.sum())
    assert (found.after["tokens"], found.after["trainable"]) == (len(table.ids), table.trainable.sum())
    assert found.made.twins + sum(found.made.without.values()) == found.made.examples
    assert f"{found.after['trainable']:,} trainable tokens instead of {found.before['trainable']:,}" in found.sentence


def test_every_twin_in_the_file_is_right(demo_run):
    found = augmented.score(demo_run, "twins")
    chosen = ScoreSettings(**found.manifest.settings)
    examples = list(formats.examples(chosen))
    assert len(examples) == found.made.examples + found.made.twins
    assert all(substitution.holds(one.messages[-1].content) for one in examples)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(demo_run):
    first = augmented.score(demo_run, "one", 1)
    again = augmented.score(demo_run, "one", 1)
    other = augmented.score(demo_run, "two", 2)
    assert again == first and other.manifest.run_id != first.manifest.run_id
    assert augmented.find(demo_run.manifest, 1).name == "one" and augmented.find(demo_run.manifest, 3) is None
    with pytest.raises(StoreError, match="A run called one exists"):
        augmented.score(demo_run, "one", 2)


def test_a_stopped_run_is_resumed_to_the_same_scores(tmp_path, tiny_model, monkeypatch):
    monkeypatch.setattr("xtf.engine.survey.SHARD_TOKENS", 200)
    local.score(ScoreSettings(data="demo", model=str(tiny_model), limit=6, dtype="float32", device="cpu"), "base")

    def stop(done, total, stage):
        if len(list((workspace.runs_dir() / "part" / "shards").glob("*.json"))) >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        augmented.score(open_run("base"), "part", progress=stop)
    assert not open_run("part").complete
    augmented.score(open_run("base"), "part")
    kept = open_run("part").table()
    scored, ids = kept.column("logprob").copy(), kept.ids.copy()
    del kept
    runs.delete_run("part")
    augmented.score(open_run("base"), "part")
    whole = open_run("part").table()
    np.testing.assert_array_equal(whole.ids, ids)
    np.testing.assert_array_equal(whole.column("logprob"), scored)


def test_what_has_no_twin_is_counted_by_reason(home, tmp_path, tiny_model):
    score(home, tiny_model, "shop", str(data_file(tmp_path, SHOP)))
    found = augmented.score(open_run("shop"))
    assert found.made == augmented.Made(2, 1, 0, {"names": 1})
    assert found.manifest.name == "shop-twins-0" == augmented.default_name("shop", 0)
    assert list(open_run("shop-twins-0").table().example_ids) == ["a", "b", "a-twin"]


def test_a_twin_that_is_too_long_is_left_out_and_told(home, tmp_path, tiny_model):
    path = data_file(tmp_path, SHOP)
    score(home, tiny_model, "shop", str(path))
    longest = max(np.diff(open_run("shop").table().offsets))
    for seed in range(20):
        score(home, tiny_model, "tight", str(path), max_length=int(longest))
        found = augmented.score(open_run("tight"), f"twins-{seed}", seed)
        if found.after.get("skipped_too_long"):
            assert found.after["examples"] == 2 and "longer than the limit" in found.manifest.notes[0]
            return
    pytest.fail("Of twenty twins none is longer than its original by a token.")


def test_faults_leave_nothing_behind(home, tmp_path, tiny_model):
    path = data_file(tmp_path, SHOP[1:])
    score(home, tiny_model, "plain", str(path))
    with pytest.raises(DataError, match="No example of run plain has a twin"):
        augmented.score(open_run("plain"))
    data_file(tmp_path, SHOP)
    with pytest.raises(DataError, match="has changed since run plain was scored"):
        augmented.score(open_run("plain"))
    assert [manifest.name for manifest in runs.list_runs()] == ["plain"]
    assert not list((home / "augmented").iterdir())


def test_an_unfinished_run_is_refused(partial):
    with pytest.raises(StoreError, match="is unfinished"):
        augmented.score(partial)


def test_the_command_tells_tokens_before_and_after(demo_run):
    found = told("augment", "demo", "--run", "twins", "--seed", "3")
    assert found["run"] == "twins" and found["seed"] == 3 and found["of"] == "demo"
    assert found["examples"] == 6 and found["after"]["trainable"] > found["before"]["trainable"]
    assert told("filter", "twins")["examples"] == found["after"]["examples"]
    shown = CliRunner().invoke(cli, ["augment", "demo", "--run", "twins", "--seed", "3"])
    assert "trainable tokens instead of" in shown.output and "Next: xtf filter twins" in shown.output


def test_the_command_refuses_in_a_sentence(demo_run):
    assert "There is no run called other" in refused("augment", "other")
    assert "cannot be a name" in refused("augment", "demo", "--run", "../x")
