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
