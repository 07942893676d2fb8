"""Nothing that was scored is lost: kills, damaged files, full disks, second processes, cancelled jobs; and what is
there already is found. Real processes and real files throughout."""

import json
import os
import random
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks import kill
from tests import forked
from xtf import filters, jobs, runs, stats, workspace
from xtf.config import PRESETS, ScoreSettings
from xtf.engine import local, reuse
from xtf.engine import survey as surveying
from xtf.errors import StoreError


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(surveying, "SHARD_TOKENS", 1500)


def scoring(tiny_model, **changes) -> ScoreSettings:
    return ScoreSettings(**{"data": "demo", "model": str(tiny_model), "dtype": "float32", "device": "cpu", "limit": 24}
                         | changes)


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory):
    """A workspace with a finished run."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(folder))
        patch.setattr(surveying, "SHARD_TOKENS", 1500)
        local.score(scoring(tiny_model), "run")
    return folder


@pytest.fixture
def whole(finished, home):
    """A finished run of several shards, and what it holds."""
    shutil.copytree(finished, home)
    run = runs.open_run("run")
    assert len(list(run.path.glob("shards/*.arrow"))) >= 4
    return run, kill.contents(run.path)


def interrupted(settings, name="run", shards=2):
    """The run as it is when Ctrl-C comes in the shard after the first `shards`."""
    def progress(done, total, stage):
        if stage == "scoring" and len(list((workspace.runs_dir() / name / "shards").glob("*.json"))) >= shards:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        local.score(settings, name, progress)
    return runs.open_run(name)


def aside(whole):
    """Puts a finished run where it is not found: else another of the same would be its copy."""
    run, before = whole
    return runs.Run(run.path.rename(workspace.home() / "aside")), before


def test_kills_at_random_moments_lose_nothing(tiny_model, home, monkeypatch):
    """The experiment of benchmarks/kill.py with few kills: bit for bit the same, and no whole shard scored again. This
    seed kills at the writing of a file, and the resumed run by the clock."""
    forked.ready()
    kills = int(os.environ.get("XTF_KILLS", "2"))
    found = kill.experiment(home, str(tiny_model), "demo", limit=150, kills=kills, seed=334, start=forked.Forked)
    assert found["faults"] == [] and found["kills"] >= 2 and found["shards"] >= 2


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE = {"cut": cut, "flipped": flip, "gone": lambda path: path.unlink(), "empty": lambda path: path.write_bytes(b""),
          "other JSON": lambda path: path.write_text("[1]")}


@pytest.mark.parametrize("name", ["shards/00001.arrow", "shards/00001.json", "types.arrow", "manifest.json"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_made_again_and_nothing_else(name, damage, whole, tiny_model):
    if (name, damage) == ("manifest.json", "flipped"):
        pytest.skip("a manifest has no checksum: what still reads as one is believed")
    run, before = whole
    untouched = kill.whole_shards(run.path)
    DAMAGE[damage](run.path / name)
    assert local.score(scoring(tiny_model), "run").complete
    assert kill.contents(run.path) == before
    changed = {shard for shard, known in kill.whole_shards(run.path).items() if untouched[shard] != known}
    assert changed == ({"00001.arrow"} if "shards" in name else set())


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other JSON"])
def test_a_damaged_checkpoint_is_no_checkpoint(damage, tiny_model, whole):
    before = aside(whole)[1]
    run = interrupted(scoring(tiny_model), "again")
    DAMAGE[damage](run.path / "partial.arrow")
    local.score(scoring(tiny_model), "again")
    assert kill.contents(run.path) == before


@pytest.mark.parametrize("damage", ["cut", "empty", "other JSON"])
def test_a_run_that_does_not_say_what_it_is_is_told_in_a_sentence_and_can_be_deleted(damage, tiny_model):
    run = interrupted(scoring(tiny_model))
    DAMAGE[damage](run.path / "settings.json")
    with pytest.raises(StoreError, match=r"settings.json cannot be read. Delete it with `xtf runs --delete run`"):
        local.score(scoring(tiny_model), "run")
    runs.delete_run("run")
    assert local.score(scoring(tiny_model), "run").complete


def test_readers_are_told_of_a_damaged_manifest(whole):
    run, _ = whole
    cut(run.path / "manifest.json")
    with pytest.raises(StoreError, match=r"manifest.json cannot be read. Run the same score command again"):
        _ = runs.open_run("run").manifest
    assert runs.list_runs() == []


def test_leftovers_of_a_killed_process_are_cleared_away(tiny_model):
    run = interrupted(scoring(tiny_model))
    (run.path / ".writing-abc").write_text("half")
    (run.path / "shards" / ".writing-abc").write_text("half")
    local.score(scoring(tiny_model), "run")
    assert kill.leftovers(run.path) == [] and not (run.path / "partial.arrow").exists()


def test_an_interrupted_run_can_be_looked_at_and_goes_on(tiny_model, whole):
    finished, before = aside(whole)
    run = interrupted(scoring(tiny_model), "again", shards=3)
    table, full = run.table(), finished.table()
    examples = run.partial.examples
    assert not run.complete and run.partial.shards == 3 and 0 < examples == len(table) < 24
    tokens = int(full.offsets[examples])
    np.testing.assert_array_equal(table.column("logprob"), full.column("logprob")[:tokens])
    np.testing.assert_array_equal(table.types("id"), np.unique(table.ids))
    assert table.types("count").sum() == tokens
    assert np.isfinite(table.types("embedding_dataset")).all() and np.isnan(table.types("hidden_dataset")).all()
    kept = stats.summary(table, filters.judge(table, PRESETS["corrected"][1]))
    assert kept["attributes"]["relevance"]["notes"] == () or kept["attributes"]["relevance"]["notes"] == []
    parity = stats.summary(table, filters.judge(table, PRESETS["published-code"][1]))
    assert any("not computed for this run" in note for note in parity["attributes"]["relevance"]["notes"])
    assert str(examples) in run.unfinished and "resumes it" in run.unfinished
    shards = kill.whole_shards(run.path)
    local.score(scoring(tiny_model), "again")
    assert kill.contents(run.path) == before and shards.items() <= kill.whole_shards(run.path).items()


def test_embedding_similarities_of_a_checkpoint_are_those_of_a_run_of_its_examples(tiny_model):
    run = interrupted(scoring(tiny_model))
    found = run.table()
    local.score(scoring(tiny_model, limit=run.partial.examples), "part")
    expected = runs.open_run("part").table()
    for name in ("embedding_dataset", "embedding_words"):
        np.testing.assert_allclose(found.types(name), expected.types(name), atol=1e-6)
    assert found.type_texts == expected.type_texts


def test_an_interrupt_before_the_first_shard_leaves_nothing(tiny_model, home):
    def progress(done, total, stage):
        if stage == "loading model":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        local.score(scoring(tiny_model), "run", progress)
    assert not list((home / "runs").iterdir())


def small_disk(folder, size):
    """A disk of its own. Skips where none can be mounted."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_the_jobs_last_word_and_the_run_goes_on_when_there_is_room(tiny_model, tmp_path, monkeypatch):
    argv = ["score", "demo", "--limit", "500", "--model", str(tiny_model), "--dtype", "float32", "--device", "cpu",
            "--run", "run", "--json"]
    disk = tmp_path / "small"
    small_disk(disk, "5m")
    try:
        monkeypatch.setenv("XTF_HOME", str(disk))
        failed = wait_for(jobs.start(argv, "big").id)
        assert failed.state == "failed" and failed.message.startswith("The disk is full"), failed
        assert any("The disk may become full" in note for note in failed.notes)
        assert kill.leftovers(disk) == [] and runs.open_run("run").partial.shards >= 1
        subprocess.run(["mount", "-o", "remount,size=90m", str(disk)], check=True)
        shards = kill.whole_shards(disk / "runs" / "run")
        done = wait_for(jobs.again(failed.id).id)
        assert done.state == "done", done.log
        found = kill.contents(disk / "runs" / "run")
        assert shards.items() <= kill.whole_shards(disk / "runs" / "run").items()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    monkeypatch.setenv("XTF_HOME", str(tmp_path / "home"))
    assert forked.ran([sys.executable, "-m", "xtf", *argv]).returncode == 0
    assert kill.contents(tmp_path / "home" / "runs" / "run") == found


def wait_for(job_id, condition=lambda job: job.state != "running", seconds=120):
    deadline = time.monotonic() + seconds
    while not condition(found := jobs.job(job_id)):
        assert time.monotonic() < deadline, (found, found.log)
        time.sleep(0.05)
    return found


def test_a_cancelled_job_can_be_browsed_and_is_started_again_at_once(tiny_model, home):
    argv = ["score", "demo", "--limit", "2000", "--model", str(tiny_model), "--dtype", "float32", "--device", "cpu",
            "--run", "run", "--batch-tokens", "256", "--json"]
    job = jobs.start(argv, "big")
    run = home / "runs" / "run"
    wait_for(job.id, lambda job: job.state != "running" or len(list(run.glob("shards/*.json"))) >= 2)
    second = forked.ran([sys.executable, "-m", "xtf", *argv])
    assert second.returncode == 2 and second.stderr.count("\n") == 1 and "another process" in second.stderr
    started = time.monotonic()
    assert jobs.cancel(job.id).state == "cancelled"
    assert time.monotonic() - started < 8, "the job had to be killed"
    assert runs.open_run("run").partial.shards >= 2
    again = jobs.again(job.id)
    wait_for(again.id, lambda job: job.stage in ("resuming", "scoring") or job.state != "running")
    assert jobs.job(again.id).state == "running", jobs.job(again.id).message
    jobs.cancel(again.id)


def test_the_same_again_imports_neither_torch_nor_transformers(tiny_model, whole):
    code = ("import sys, xtf.cli\n"
            f"try: xtf.cli.main(['score', 'demo', '--limit', '24', '--model', {str(tiny_model)!r}, '--dtype', "
            "'float32', '--json', '--run', 'run'])\n"
            "except SystemExit as end: assert not end.code\n"
            "print({'torch', 'transformers', 'datasets', 'streamlit'} & set(sys.modules), file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["known"] is True and json.loads(done.stdout)["name"] == "run"
    assert done.stderr.strip() == "set()"


def test_a_run_is_known_by_what_it_is_and_not_by_its_name(tiny_model, whole, tmp_path):
    run, before = whole
    assert reuse.finished(scoring(tiny_model)).name == "run"  # no name asked for: any will do
    other = local.score(scoring(tiny_model), "other", lambda *_: None)
    assert other.name == "other" and other.run_id == run.manifest.run_id
    copied = runs.open_run("other")
    assert kill.contents(copied.path) == before
    assert copied.path.joinpath("shards/00000.arrow").samefile(run.path / "shards/00000.arrow")
    runs.delete_run("run")
    assert len(copied.table()) == 24 and reuse.finished(scoring(tiny_model)).name == "other"
    moved = shutil.copytree(tiny_model, tmp_path / "moved" / "model")
    assert reuse.finished(scoring(moved)).name == "other"


@pytest.mark.parametrize("change", ["weights", "tokenizer", "chat template", "configuration"])
def test_a_changed_model_is_another_run(change, tiny_model, tmp_path, whole):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    assert reuse.finished(scoring(folder)) is not None
    name = {"weights": "model.safetensors", "tokenizer": "tokenizer.json", "chat template": "chat_template.jinja",
            "configuration": "config.json"}[change]
    data = bytearray((folder / name).read_bytes())
    data[-2] ^= 1
    (folder / name).write_bytes(data)
    assert reuse.finished(scoring(folder)) is None


def test_changed_data_is_another_run_even_with_the_same_size_and_time(tiny_model, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "response": "b"}\n')
    asked = scoring(tiny_model, data=str(path), limit=None)
    local.score(asked, "run")
    status = path.stat()
    path.write_text('{"prompt": "a", "response": "c"}\n')
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert reuse.finished(asked) is None


def test_a_lost_memory_of_digests_costs_nothing_but_time(tiny_model, whole, home):
    for content in (b"", b"[]", b"{\"a\": 1}", random.Random(0).randbytes(100)):
        (home / "digests.json").write_bytes(content)
        assert local.score(scoring(tiny_model), "run") == whole[0].manifest
