"""The dashboard's benchmark runs in a real Chromium and says whether its bars are met, on data of a small size."""

import json
import subprocess
import sys

import pytest

from tests.browser import ROOT, chromium


@pytest.mark.slow
@pytest.mark.browser
def test_the_dashboard_benchmark(tmp_path):
    with chromium():
        pass  # skips where there is none
    target = tmp_path / "found.json"
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "ui.py"), "recolour", "readouts", "crowd", "download",
         "--tokens", "30000", "--many", "30000", "--long", "200", "--changes", "4", "--sessions", "1",
         "--interactions", "10", "--warm", "0", "--megabytes", "5", "--folder", str(tmp_path), "--json", str(target)],
        capture_output=True, text=True, timeout=900, cwd=ROOT)
    assert done.returncode in (0, 1), done.stderr  # 1: a bar is missed, which on a busy machine proves nothing
    found = json.loads(target.read_text())
    for part in ("recolour", "readouts"):
        for attribute in ("novelty", "reasoning"):
            assert len(found[part]["attributes"][attribute]["times"]) == 4
            assert found[part]["attributes"][attribute]["different"] > 1  # what is measured did change
    assert found["crowd"]["interactions"] >= 10 and found["crowd"]["after"][0]["rss"] > 0
    for way in ("link", "folder as zip", "st.download_button"):
        assert found["download"]["ways"][way]["seconds"] > 0 and found["download"]["at once"]["page beside s"] > 0
    assert [found[part]["faults"] for part in found] == [[], [], [], []]
    assert [path.name for path in tmp_path.iterdir()] == [target.name]  # it deletes what it made
