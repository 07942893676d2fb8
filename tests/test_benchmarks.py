"""The benchmarks run, and say whether their bars are met, on data of a size that takes seconds."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_the_store_benchmark(tiny_model, tmp_path):
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "store.py"), "--examples", "400", "--tokens", "60000", "--repeats", "2",
         "--model", str(tiny_model), "--folder", str(tmp_path), "--json"],
        capture_output=True, text=True, timeout=120, cwd=BENCHMARKS.parent)
    assert done.returncode in (0, 1), done.stderr  # 1: a bar is missed, which on a busy machine proves nothing
    found = json.loads(done.stdout)
    assert found["stream"]["examples"] == 400 and found["store"]["tokens"] >= 60_000
    assert {bar["pass"] for bar in found["bars"]} <= {True, False}
    assert len(found["bars"]) == 2 + len(found["store"]["changes"])
    assert not list(tmp_path.iterdir())  # it deletes what it made


def test_the_export_benchmark(tmp_path):
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "export.py"), "--tokens", "40000", "--small", "20000", "--repeats", "1",
         "--formats", "jsonl", "--with-scores", "--folder", str(tmp_path), "--json"],
        capture_output=True, text=True, timeout=120, cwd=BENCHMARKS.parent)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    assert list(found["formats"]) == ["jsonl", "jsonl with scores"]
    for one in found["formats"].values():
        assert one["tokens"] >= 40_000 > one["small_tokens"] >= 20_000 and one["growth"] < one["memory"]
        assert one["times_naive"] > 0 and one["memory"] > 0 and set(one["stages"]) == {"before", "writing", "checking"}
    assert len(found["bars"]) == 4 and {bar["pass"] for bar in found["bars"]} <= {True, False}
    assert not list(tmp_path.iterdir())
