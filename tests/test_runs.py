"""Runs on disk: what a checkpoint shows, what damage is found, and that a kill leaves nothing that disagrees."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest

from tests import tables
from tests.exports import whole
from tests.tables import PROMPT, RESPONSE
from xtf import export, filters, runs
from xtf.config import Cutoff, Off, Thresholds
from xtf.errors import StoreError
from xtf.runs import Run
from xtf.shards import Extent
from xtf.store import Manifest, ScoreTable

THRESHOLDS = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.5), relevance=Off(), insist=True)
ASKED = Manifest("apples", "0123456789abcdef", {"data": "demo"}, counts={"examples": 6, "tokens": 21})


def apples() -> ScoreTable:
    """Six examples of one to six tokens in three shards."""
    rng = np.random.default_rng(0)
    lengths = range(1, 7)
    return tables.table([rng.integers(0, 9, size=n).tolist() for n in lengths],
                        [[PROMPT] + [RESPONSE] * (n - 1) for n in lengths],
                        {"logprob": [np.log(rng.random(n)) for n in lengths]}, chunks=3)


def begun(shards: int) -> Run:
    """A run of which so many shards are scored."""
    run = runs.begin(ASKED)
    for index, shard in enumerate(apples().shards[:shards]):
        run.write_shard(index, shard)
    return run


def types_of(shards: int) -> pa.Table:
    """Token types in the first shards, counted by a plain loop."""
    tokens = [token for shard in apples().shards[:shards] for row in shard["ids"].to_pylist() for token in row]
    used = sorted(set(tokens))
    counts = pa.array([tokens.count(token) for token in used], pa.int64())
    return pa.table({"id": pa.array(used, pa.int32()), "first_id": pa.array(used, pa.int32()),
                     "text": [f"t{token}" for token in used], "count": counts, "response_count": counts,
                     "embedding_dataset": pa.array([token / 16 for token in used], pa.float32())})


@pytest.fixture
def finished(home) -> Run:
    return tables.saved("apples", apples())


def test_nothing_can_be_browsed_before_a_checkpoint(home):
    run = begun(2)
    assert run.partial is None and not run.complete
    with pytest.raises(StoreError, match="Nothing of run apples is scored yet"):
        run.table()


def test_a_partial_table_is_the_beginning_of_the_whole(home):
    run = begun(3)
    whole = apples()
    for shards, examples in ((1, 2), (2, 4), (3, 6)):
        run.checkpoint(types_of(shards), shards)
        table = run.table()
        size = sum(path.stat().st_size for path in sorted((run.path / "shards").glob("*.arrow"))[:shards])
        assert run.partial == Extent(shards, examples, size)
        assert len(table) == examples and list(table.example_ids) == list(whole.example_ids)[:examples]
        np.testing.assert_array_equal(table.ids, whole.ids[:whole.offsets[examples]])
        assert table.types("count").sum() == len(table.ids)
        ours, theirs = (filters.judge(one, THRESHOLDS).bits for one in (table, whole))
        np.testing.assert_array_equal(ours, theirs[:len(ours)])


def test_finishing_leaves_no_checkpoint(home):
    run = begun(3)
    run.checkpoint(types_of(2), 2)
    run.finish(types_of(3), ASKED)
    assert run.complete and run.partial is None and len(run.table()) == 6
    assert not (run.path / "partial.arrow").exists()


def test_a_checkpoint_that_is_cut_off_counts_as_none(home):
    run = begun(2)
    run.checkpoint(types_of(2), 2)
    path = run.path / "partial.arrow"
    path.write_bytes(path.read_bytes()[:-20])
    assert run.partial is None
    with pytest.raises(StoreError, match="damaged"):
        run.table()
    run.checkpoint(types_of(1), 1)
    assert len(run.table()) == 2


def flip(path) -> None:
    """Another token id, at the same length."""
    data = bytearray(path.read_bytes())
    with pa.OSFile(str(path)) as file:
        ids = pa.ipc.open_file(file).read_all()["ids"].chunk(0).flatten().to_numpy()
    data[data.index(ids.tobytes())] ^= 1
    path.write_bytes(data)


def cut(path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("damage", [cut, os.unlink, lambda path: os.unlink(path.with_suffix(".json"))])
def test_missing_and_cut_shards_are_told_on_opening(home, damage, partial):
    run = begun(3)
    run.checkpoint(types_of(3), 3)
    if not partial:
        run.finish(types_of(3), ASKED)
        assert run.whole
    damage(run.path / "shards" / "00001.arrow")
    with pytest.raises(StoreError, match="Run apples is damaged: of 3 shards some are missing"):
        run.table()
    assert not run.whole


@pytest.mark.parametrize("partial", [False, True])
def test_a_flipped_bit_is_found_by_checksum_and_mended_by_scoring_that_shard_again(home, partial):
    run = begun(3)
    run.checkpoint(types_of(3), 3)
    if not partial:
        run.finish(types_of(3), ASKED)
    run.verify()
    flip(run.path / "shards" / "00001.arrow")
    assert len(run.table()) == 6  # the length is right: only the checksum tells
    with pytest.raises(StoreError, match="1 of 3 shards do not hold what was scored"):
        run.verify()
    assert [run.has_shard(index) for index in range(3)] == [True, False, True]
    with pytest.raises(StoreError, match="damaged"):
        run.table()
    run.write_shard(1, apples().shards[1])
    run.verify()
    np.testing.assert_array_equal(run.table().ids, apples().ids)


def test_an_export_refuses_a_damaged_run(finished, tmp_path):
    flip(finished.path / "shards" / "00002.arrow")
    with pytest.raises(StoreError, match="damaged"):
        export.write("apples", THRESHOLDS, whole("jsonl"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_export_of_an_unfinished_run_says_so(home, tmp_path):
    run = begun(3)
    run.checkpoint(types_of(2), 2)
    record = export.write("apples", THRESHOLDS, whole("jsonl"), tmp_path / "out")
    assert record["partial"] == {"examples": 4, "of_examples": 6, "tokens": 10, "of_tokens": 21}
    assert json.loads((tmp_path / "out" / "export.json").read_text())["partial"] == record["partial"]
    assert "these are the first 4 of 6 examples" in (tmp_path / "out" / "README.md").read_text()
    assert len((tmp_path / "out" / "data.jsonl").read_text().splitlines()) == 4
    run.finish(types_of(3), Manifest(**{**vars(ASKED), "complete": True}))
    record = export.write("apples", THRESHOLDS, whole("jsonl"), tmp_path / "whole")
    assert record["partial"] is None and "first" not in (tmp_path / "whole" / "README.md").read_text()


CHECKPOINTS = """
import sys
from tests.test_runs import begun, types_of
run = begun(3)
run.checkpoint(types_of(1), 1)
print("ready", flush=True)
while True:
    for shards in (1, 2, 3):
        run.checkpoint(types_of(shards), shards)
"""


def test_a_kill_between_checkpoints_leaves_one_that_is_whole(home):
    """kill -9 at six moments; whatever is there then reads as the beginning of the whole."""
    for turn in range(6):
        process = subprocess.Popen([sys.executable, "-c", CHECKPOINTS], stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.023 * turn)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        run = runs.open_run("apples")
        assert run.partial is not None
        table = run.table()
        assert len(table) == 2 * run.partial.shards == run.partial.examples
        assert table.types("count").sum() == len(table.ids)
