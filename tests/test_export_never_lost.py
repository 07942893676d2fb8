"""An export is there whole or not at all: kills, full disks, two processes at once. Real processes and real files."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import kill_export, store_data
from tests import forked
from tests.exports import whole
from xtf import runs
from xtf.config import ScoreSettings, Thresholds
from xtf.engine import local
from xtf.errors import StoreError
from xtf.export import FORMATS, publish, read_back, write
from xtf.export.formats import TOKEN_FORMATS
from xtf.store import Manifest

KILLS = int(os.environ.get("XTF_KILLS", "0"))  # more than the fewest
LOOSE = tuple(name for name in kill_export.ALLOWED if name != "--allow")


@pytest.fixture(scope="module", autouse=True)
def quick_starts():
    forked.ready()


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """A workspace with a made-up run, large enough for an export to take a moment."""
    home = tmp_path_factory.mktemp("large")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(home))
        manifest = Manifest("run", "run", {"data": "demo"}, complete=True)
        run, counts = runs.begin(manifest), store_data.Counts()
        for index, shard in enumerate(store_data.shards(300_000, counts)):
            run.write_shard(index, shard)
        run.finish(store_data.types(counts), manifest)
    return home


@pytest.fixture
def run(large, monkeypatch) -> str:
    monkeypatch.setenv("XTF_HOME", str(large))
    return "run"


@pytest.fixture
def problems(home, tiny_model) -> str:
    """A scored run, whose data can be read once more."""
    local.score(ScoreSettings(data="demo", model=str(tiny_model), limit=60, dtype="float32", device="cpu"), "problems")
    return "problems"


def cutoff(out: Path) -> float:
    return read_back(out)["thresholds"]["novelty"]["value"]


def exported(run: str, out: Path, value: float, format: str = "parquet") -> subprocess.CompletedProcess:
    return forked.ran(kill_export.command(run, format, value, out))


def test_kills_at_random_moments_leave_the_earlier_export_or_the_new_one(run, tmp_path):
    """The experiment of benchmarks/kill_export.py with few kills; this seed's are at and after every stage."""
    found = kill_export.experiment(tmp_path / "out", run, max(KILLS, 8), seed=2589, formats=TOKEN_FORMATS,
                                   start=forked.Forked)
    assert found.faults == [] and found.kills >= 8
    assert {-signal.SIGKILL} < found.signals.keys() and len(found.stages) >= 3
    assert found.kept["earlier"] and found.kept["new"] and found.left


@pytest.mark.slow
def test_kills_in_formats_that_need_the_data_again(problems, tmp_path):
    others = [name for name in FORMATS if name not in TOKEN_FORMATS]
    found = kill_export.experiment(tmp_path / "out", problems, max(KILLS, 4), seed=300, formats=others,
                                   start=forked.Forked)
    assert found.faults == [] and found.kills >= 4 and found.formats.keys() == set(others)


def stopped_at(argv: list[str], out: Path, stage: str) -> forked.Forked:
    """The command, made to stand still once it has come so far."""
    watch, process = kill_export.Watch(out), forked.Forked(argv)
    while watch.stage() < kill_export.STAGES.index(stage):
        assert process.poll() is None, process.communicate()
        time.sleep(0.0002)
    os.kill(process.pid, signal.SIGSTOP)
    return process


def test_an_export_that_stands_still_is_not_taken_for_a_dead_one(run, tmp_path):
    out = tmp_path / "out"
    assert exported(run, out, 0.2).returncode == 0
    first = stopped_at(kill_export.command(run, "hf", 0.3, out), out, "claimed")
    try:
        second = exported(run, out, 0.4)
        assert second.returncode == 2 and second.stderr.count("\n") == 1
        assert "is being written by another process" in second.stderr
        assert exported(run, tmp_path / "other", 0.5).returncode == 0  # to its neighbour, all the same
        assert cutoff(out) == 0.2
    finally:
        os.kill(first.pid, signal.SIGCONT)
    assert first.wait(60) == 0 and cutoff(out) == 0.3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]


def test_what_a_kill_leaves_is_cleared_by_the_next_export_to_the_same_place_only(run, tmp_path):
    out = tmp_path / "out"
    process = stopped_at(kill_export.command(run, "hf", 0.3, out), out, "claimed")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    left, = (path for path in tmp_path.iterdir() if path.name.startswith(".xtf-"))
    assert exported(run, tmp_path / "other", 0.5).returncode == 0 and left.exists()
    assert exported(run, out, 0.4).returncode == 0 and not left.exists() and cutoff(out) == 0.4


#: Exports where folders cannot be exchanged in one step, and dies between the two renames.
_KILLED_BETWEEN = """
import os, signal, sys
from xtf.cli.main import main
from xtf.export import publish

publish.exchange = lambda one, other: False
rename = os.rename

def counted(one, other):
    rename(one, other)
    if os.path.basename(other) == "old":
        os.kill(os.getpid(), signal.SIGKILL)

os.rename = counted
main(sys.argv[1:])
"""


def test_killed_between_two_renames_the_earlier_export_is_put_back(run, tmp_path):
    out = tmp_path / "out"
    assert exported(run, out, 0.2, "jsonl").returncode == 0
    argv = kill_export.command(run, "parquet", 0.3, out)[3:]
    for again in (False, True):
        killed = subprocess.run([sys.executable, "-c", _KILLED_BETWEEN, *argv], capture_output=True)
        assert killed.returncode == -signal.SIGKILL and not out.exists()
        if not again:  # whoever does not want it overwritten gets it back, and is told
            done = forked.ran([sys.executable, "-m", "xtf", *[part for part in argv if part != "--overwrite"]])
            assert done.returncode == 2 and "exists" in done.stderr
            assert cutoff(out) == 0.2 and kill_export.beside(out) == []
    assert exported(run, out, 0.4).returncode == 0
    assert cutoff(out) == 0.4 and kill_export.beside(out) == []


#: Is stopped as soon as Python has closed a folder that it clears away: what is then raised closes it once more.
_STOPPED_WHILE_CLEARING = """
import os, signal, stat, sys
from xtf.cli.main import main

close, stops = os.close, [signal.SIGTERM]

def stopping(handle):
    folder = stat.S_ISDIR(os.fstat(handle).st_mode)
    close(handle)
    if folder and stops and sys._getframe(1).f_code.co_name.startswith("_rmtree"):
        os.kill(os.getpid(), stops.pop())

os.close = stopping
main(sys.argv[1:])
"""


def test_stopped_while_it_clears_away_an_export_leaves_the_new_one_and_nothing_beside_it(run, tmp_path):
    out = tmp_path / "out"
    assert exported(run, out, 0.2, "hf").returncode == 0
    argv = kill_export.command(run, "hf", 0.3, out)[3:]
    stopped = subprocess.run([sys.executable, "-c", _STOPPED_WHILE_CLEARING, *argv], capture_output=True, text=True)
    assert stopped.returncode == 130 and stopped.stderr.strip().startswith("xtf: Stopped."), stopped.stderr
    assert cutoff(out) == 0.3 and kill_export.beside(out) == []


def test_where_the_second_rename_fails_the_earlier_export_is_back_at_once(run, tmp_path, monkeypatch):
    out, rename = tmp_path / "out", os.rename
    before = write(run, Thresholds(), whole("jsonl", allow=LOOSE), out)
    monkeypatch.setattr(publish, "exchange", lambda one, other: False)

    def failing(one, other):
        if Path(one).name == "new":
            raise OSError(5, "Input/output error")
        rename(one, other)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(StoreError, match="could not be written"):
        write(run, Thresholds(), whole("parquet", allow=LOOSE), out, overwrite=True)
    monkeypatch.undo()
    assert read_back(out) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("format", TOKEN_FORMATS)
def test_a_full_disk_leaves_the_earlier_export_and_nothing_beside_it(run, tmp_path, format):
    disk = tmp_path / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        before = write(run, Thresholds(), whole(format, allow=LOOSE), disk / "out")
        room = os.statvfs(disk)
        (disk / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize - (1 << 18)))
        with pytest.raises(StoreError, match="The disk is full"):
            write(run, Thresholds(), whole(format, allow=LOOSE), disk / "out", overwrite=True)
        assert read_back(disk / "out") == before
        assert sorted(path.name for path in disk.iterdir()) == ["filler", "out"]
        (disk / "filler").unlink()
        write(run, Thresholds(), whole(format, allow=LOOSE), disk / "out", overwrite=True)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
