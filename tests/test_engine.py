"""From examples to a run: batching, resuming, identity and what is left behind by faults."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tests.processes import peak_memory
from xtf import runs
from xtf.config import ScoreSettings
from xtf.engine import local
from xtf.engine import survey as surveying
from xtf.engine.window import batches
from xtf.errors import ModelError, StoreError


def scoring(tiny_model, **changes) -> ScoreSettings:
    return ScoreSettings(**{"data": "demo", "model": str(tiny_model), "dtype": "float32", "device": "cpu"} | changes)


def files_of(run: runs.Run) -> dict[str, str]:
    """Digest of every file that holds scores."""
    paths = [*sorted((run.path / "shards").iterdir()), run.path / "types.arrow"]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_batches_hold_every_position_once_within_the_budget():
    lengths = [5, 90, 7, 7, 30, 200, 1]
    found = list(batches(lengths, 100))
    assert sorted(position for batch in found for position in batch) == list(range(7))
    assert all(len(batch) == 1 or len(batch) * max(lengths[p] for p in batch) <= 100 for batch in found)
    assert found[-1] == [5]  # longer than the budget: alone


def test_a_run_is_what_the_examples_are(demo_run):
    table = demo_run.table()
    manifest = demo_run.manifest
    assert len(table) == manifest.counts["examples"] == 6
    assert len(table.ids) == manifest.counts["tokens"] == table.offsets[-1]
    assert table.trainable.sum() == manifest.counts["trainable"]
    one = table.example(2)
    here = slice(table.offsets[2], table.offsets[3])
    np.testing.assert_array_equal(one.ids, table.ids[here])
    for name in table.score_names:
        np.testing.assert_array_equal(np.isnan(table.column(name)[~table.trainable]), True)
        np.testing.assert_array_equal(one.scores[name], table.column(name)[here])
    np.testing.assert_array_equal(table.types("id")[table.type_of], table.ids)
    assert table.types("count").sum() == len(table.ids)
    assert table.types("response_count").sum() == table.trainable.sum()


def test_first_seen_ids_by_a_plain_loop(demo_run, tiny_model):
    from transformers import AutoTokenizer

    tokenizer, table = AutoTokenizer.from_pretrained(tiny_model), demo_run.table()
    first: dict[str, int] = {}
    for token in table.ids:
        first.setdefault(tokenizer.decode([int(token)], skip_special_tokens=True).strip(), int(token))
    expected = [first[tokenizer.decode([int(token)], skip_special_tokens=True).strip()] for token in table.types("id")]
    assert table.types("first_id").tolist() == expected


def test_the_same_again_is_returned_at_once_and_other_settings_need_another_name(tiny_model, demo_run):
    before = files_of(demo_run)
    again = local.score(scoring(tiny_model, limit=6), "demo")
    assert again == demo_run.manifest and files_of(demo_run) == before
    with pytest.raises(StoreError, match="other data, model or settings"):
        local.score(scoring(tiny_model, limit=5), "demo")


def test_a_damaged_shard_is_scored_again_and_the_run_is_the_same(tiny_model, monkeypatch):
    monkeypatch.setattr(surveying, "SHARD_TOKENS", 400)
    local.score(scoring(tiny_model), "whole")
    run = runs.open_run("whole")
    before = files_of(run)
    assert len(before) > 6
    (run.path / "manifest.json").unlink()
    shards = sorted((run.path / "shards").glob("*.arrow"))
    shards[1].write_bytes(shards[1].read_bytes()[:-100])
    shards[2].with_suffix(".json").unlink()
    local.score(scoring(tiny_model), "whole")
    assert files_of(run) == before


def test_memory_does_not_grow_with_the_dataset(tiny_model):
    """Peak resident memory of a whole `xtf score`, as the kernel counts it, for ten times the examples."""
    peaks = [peak_memory("score", "demo", "--limit", count, "--run", count, "--model", str(tiny_model), "--dtype",
                         "bfloat16", "--device", "cpu") for count in ("100", "1000")]
    assert peaks[1] < 1.15 * peaks[0]


def test_two_processes_on_one_run_is_told(tiny_model, demo_run):
    (demo_run.path / "manifest.json").unlink()
    with demo_run.locked(), pytest.raises(StoreError, match="another process"):
        local.score(scoring(tiny_model, limit=6), "demo")


def test_faults_leave_no_run_behind(tiny_model, home, monkeypatch):
    import torch

    from xtf import models

    original = models.load_model

    def damaged(settings):
        loaded = original(settings)
        loaded.model.lm_head.weight.data.fill_(torch.nan)
        return loaded

    monkeypatch.setattr(models, "load_model", damaged)
    with pytest.raises(ModelError, match="NaN"):
        local.score(scoring(tiny_model), "broken")
    assert runs.list_runs() == [] and not list((home / "runs").iterdir())


def test_mamba_runs_without_reasoning(tmp_path, tiny_model):
    from transformers import AutoTokenizer, MambaConfig, MambaForCausalLM

    folder = tmp_path / "mamba"
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    MambaForCausalLM(MambaConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2,
                                 state_size=4)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    manifest = local.score(scoring(folder, limit=3), "mamba")
    assert any("switched off" in note for note in manifest.notes)
    table = runs.open_run("mamba").table()
    assert "logprob" in table.score_names and "received_mean" not in table.score_names


def test_estimate_knows_the_tokens_of_the_run(tiny_model, demo_run):
    from xtf.engine.estimate import estimate
    from xtf.progress import duration

    found = estimate(scoring(tiny_model, limit=6))
    assert (found.examples, found.tokens, found.trainable) == tuple(
        demo_run.manifest.counts[name] for name in ("examples", "tokens", "trainable"))
    written = sum(path.stat().st_size for path in Path(demo_run.path).rglob("*.arrow"))
    assert 0.5 < found.disk_bytes / written < 2
    assert (duration(0.2), duration(95), duration(7260)) == ("1 s", "1 min 35 s", "2 h 1 min")
