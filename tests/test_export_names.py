"""Where an export may go: odd names are taken as they are, impossible ones are refused before anything is written."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests import tables
from tests.exports import whole
from tests.tables import PROMPT, RESPONSE
from xtf.config import Cutoff, Off, Thresholds
from xtf.errors import SettingsError, StoreError, XtfError
from xtf.export import place, publish, read_back, write
from xtf.runs import Run

LOOSE = Thresholds(reasoning=Off(), novelty=Off(), relevance=Off())
STRICT = LOOSE.model_copy(update={"novelty": Cutoff(value=0.75), "insist": True})


@pytest.fixture
def run(home) -> Run:
    logprob = [np.log([0.5, 0.5, 0.875]), np.log([0.5, 0.25])]
    return tables.saved("apples", tables.table([[5, 1, 2], [6, 3]], [[PROMPT, RESPONSE, RESPONSE], [PROMPT, RESPONSE]],
                                               {"logprob": logprob}))


def found(folder: Path) -> list[str]:
    """Names in a folder, but for the workspace."""
    return sorted(name for name in os.listdir(folder) if name != "home")


def exported(run: Run, out: Path | str, thresholds: Thresholds = LOOSE, **more) -> dict:
    return write(run, thresholds, whole("jsonl"), out, **more)


def is_one_sentence(error: pytest.ExceptionInfo[XtfError]) -> bool:
    return "\n" not in str(error.value) and str(error.value).endswith(".")


@pytest.mark.parametrize("name", [
    "two words", " lead and trail ", "-x", "--json", "…", "é", "e\u0301", "数据 集", "\u05d0\u202e\u0628",
    "😀👩\u200d🚀", "a'b\"c", "$HOME",
    "%s{0}", "*", "a;b|c&d", "x" * 255, "ü" * 127, "😀" * 63, "..a", "~x", "out.jsonl", "a\\b"])
def test_names_are_taken_as_they_are(run, tmp_path, name):
    """Written, refused to overwrite, overwritten; the only thing in the folder is what was asked for."""
    exported(run, tmp_path / name)
    with pytest.raises(StoreError, match="exists"):
        exported(run, tmp_path / name)
    record = exported(run, tmp_path / name, STRICT, overwrite=True)
    assert read_back(tmp_path / name) == record and record["counts"]["dropped"] == 1
    assert found(tmp_path) == [name]


def test_composed_and_decomposed_letters_are_two_names_where_the_disk_says_so(run, tmp_path):
    exported(run, tmp_path / "é")
    if (tmp_path / "e\u0301").exists():
        pytest.skip("this disk takes both for one name")
    exported(run, tmp_path / "e\u0301", STRICT)
    assert read_back(tmp_path / "é")["counts"]["dropped"] == 0
    assert read_back(tmp_path / "e\u0301")["counts"]["dropped"] == 1


@pytest.mark.parametrize("name", ["x" * 256, "x" * 300, "é" * 128, "😀" * 64, "a/" + "y" * 300 + "/b"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path, name, overwrite):
    """Not even the run is looked for."""
    with pytest.raises(StoreError, match=r"too long a name, \d+ bytes where this disk takes 255") as error:
        write("there is no such run", LOOSE, whole("hf"), tmp_path / name, overwrite=overwrite)
    assert is_one_sentence(error) and found(tmp_path) == []


def test_a_path_that_is_too_long_leaves_nothing(run, tmp_path):
    with pytest.raises(StoreError) as error:
        exported(run, tmp_path / "/".join(["y" * 200] * 30))
    assert is_one_sentence(error) and found(tmp_path) == []


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b", "\x1b[31mred", "bytes\udcff", "a\nb/out", "\x85"])
def test_names_that_break_a_sentence_are_refused(run, tmp_path, name):
    with pytest.raises(SettingsError, match="cannot be the name of an export") as error:
        exported(run, f"{tmp_path}/{name}")
    assert is_one_sentence(error) and str(error.value).isprintable() and found(tmp_path) == []


def test_dots_links_and_home_mean_what_they_mean_elsewhere(run, tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    monkeypatch.setenv("HOME", str(tmp_path / "own"))
    exported(run, "../b/../up/")
    exported(run, "~/deep/er")
    exported(run, "sub/~/out")
    assert found(tmp_path) == ["a", "own", "up"] and found(tmp_path / "a") == ["sub"]
    for out in ("up", "own/deep/er", "a/sub/~/out"):
        read_back(tmp_path / out)
    assert found(tmp_path / "own" / "deep") == ["er"]


def test_the_home_of_nobody_and_a_circle_of_links_are_told(run, tmp_path):
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    for out in ("~nobody-of-that-name/out", tmp_path / "one" / "out"):
        with pytest.raises(StoreError) as error:
            exported(run, out)
        assert is_one_sentence(error)
    assert found(tmp_path) == ["one", "two"]


def test_a_link_stays_a_link_and_what_it_points_to_is_replaced(run, tmp_path):
    exported(run, tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("new")
    with pytest.raises(StoreError, match="exists"):
        exported(run, tmp_path / "link")
    exported(run, tmp_path / "link", STRICT, overwrite=True)
    exported(run, tmp_path / "dangling")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "dangling").is_symlink()
    assert read_back(tmp_path / "real")["counts"]["dropped"] == 1 and read_back(tmp_path / "new")
    assert found(tmp_path) == ["dangling", "link", "new", "real"]


@pytest.mark.parametrize("kind", ["file", "folder with files", "link to a file", "the folder we are in", "the root"])
def test_what_is_no_export_is_never_overwritten(run, tmp_path, monkeypatch, kind):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("file")
    monkeypatch.chdir(tmp_path / "folder")
    out = {"file": tmp_path / "file", "folder with files": tmp_path / "folder", "link to a file": tmp_path / "link",
           "the folder we are in": "", "the root": "/"}[kind]
    with pytest.raises(StoreError, match="exists"):
        exported(run, out)
    with pytest.raises(StoreError, match="is not an export"):
        exported(run, out, overwrite=True)
    assert (tmp_path / "folder" / "mine.txt").read_text() == (tmp_path / "file").read_text() == "mine"
    assert found(tmp_path) == ["file", "folder", "link"]


def test_an_empty_folder_may_be_overwritten(run, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(StoreError, match="exists"):
        exported(run, tmp_path / "out")
    assert exported(run, tmp_path / "out", overwrite=True) == read_back(tmp_path / "out")
    assert found(tmp_path) == ["out"]


@pytest.mark.parametrize("inside", ["runs", "runs/apples", "runs/apples/shards", "runs/apples/x/y", "runs/other",
                                    "jobs/x", "models/x"])
def test_the_workspaces_own_folders_are_kept(run, home, inside):
    before = sorted(map(str, home.rglob("*")))
    with pytest.raises(StoreError) as error:
        exported(run, home / inside, overwrite=True)
    assert is_one_sentence(error) and sorted(map(str, home.rglob("*"))) == before
    exported(run, home / "exports" / "apples")


@pytest.mark.parametrize(("data", "out", "refused"), [
    ("data", "data", "is not an export"), ("data", "data/sub/out", "lie in each other"),
    ("export", "export", "lie in each other"), ("export", "export/deep/out", "lie in each other"),
    ("export/data.jsonl", "export", "lie in each other"), ("data/rows.jsonl", "data", "is not an export")])
@pytest.mark.parametrize("held_out", [False, True])
def test_an_export_does_not_mix_with_the_data_it_is_made_of(home, tmp_path, data, out, refused, held_out):
    """Not even where the data is an export itself, which might be overwritten. Beside a file of data it may be."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.jsonl").write_text("{}\n")
    table = tables.table([[5, 1]], [[PROMPT, RESPONSE]], {"logprob": [np.log([0.5, 0.5])]})
    exported(tables.saved("earlier", table), tmp_path / "export")
    run, settings = tables.saved("apples", table), whole("jsonl")
    if held_out:
        settings = whole("jsonl", held_out=str(tmp_path / data))
    else:
        manifest = json.loads((run.path / "manifest.json").read_text())
        (run.path / "manifest.json").write_text(json.dumps(manifest | {"settings": {"data": str(tmp_path / data)}}))
    before = sorted(map(str, tmp_path.rglob("*")))
    with pytest.raises(StoreError, match=refused):
        write(run, LOOSE, settings, tmp_path / out, overwrite=True)
    assert sorted(map(str, tmp_path.rglob("*"))) == before
    place.refuse_sources(tmp_path / "data" / "beside", [str(tmp_path / "data" / "rows.jsonl")])


def test_data_that_is_no_file_is_in_nobodys_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    place.refuse_sources(tmp_path / "demo", ["demo", None, "", "humaneval", "owner/name", "x" * 300])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(run, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(StoreError, match="permissions") as error:
        exported(run, tmp_path / "locked" / "out")
    assert is_one_sentence(error) and found(tmp_path / "locked") == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a disk that nobody may write to")
def test_a_disk_that_takes_no_folders_is_told(run, tmp_path):
    """/proc is read-only even to root."""
    with pytest.raises(StoreError, match=r"/proc/xtf/out could not be written") as error:
        exported(run, "/proc/xtf/out")
    assert is_one_sentence(error)


def command(folder: Path, out: str, *flags: str) -> subprocess.CompletedProcess:
    """`xtf export` in that folder."""
    return subprocess.run([sys.executable, "-m", "xtf", "export", "apples", "--out", out, *flags], cwd=folder,
                          capture_output=True, text=True)


@pytest.mark.parametrize("name", ["-x", "a b", "😀", "\u202eabc"])
def test_the_command_line_takes_the_same_names(run, tmp_path, name):
    done = command(tmp_path, name, "--format", "jsonl", "--allow", "empty", "--allow", "eos")
    assert done.returncode == 0, done.stderr
    assert found(tmp_path) == [name] and read_back(tmp_path / name)


@pytest.mark.parametrize("name", ["a\nb", "x" * 300, os.fsdecode(b"\xff\xfe")])
def test_the_command_line_refuses_in_one_line(run, tmp_path, name):
    done = command(tmp_path, name)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stderr.startswith("xtf: "), done.stderr
    assert found(tmp_path) == []


def test_folders_that_were_made_for_a_failed_export_are_gone_and_others_stay(run, tmp_path):
    (tmp_path / "there").mkdir()
    for out in (tmp_path / "new" / "er" / "out", tmp_path / "there" / "new" / "out"):
        with pytest.raises(KeyboardInterrupt):
            exported(run, out, progress=interrupt)
    assert found(tmp_path) == ["there"] and found(tmp_path / "there") == []


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_second_of_two_exports_to_one_place_is_told(run, tmp_path):
    """In threads of one process; tests/test_export_never_lost.py has processes. Neighbours are not kept waiting."""
    inside, go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        inside.set()
        assert go_on.wait(30)

    first = threading.Thread(target=lambda: exported(run, tmp_path / "out", STRICT, progress=wait))
    first.start()
    assert inside.wait(30)
    try:
        with pytest.raises(StoreError, match="being written by another process") as error:
            exported(run, tmp_path / "out", overwrite=True)
        assert is_one_sentence(error)
        exported(run, tmp_path / "neighbour")
    finally:
        go_on.set()
        first.join()
    assert found(tmp_path) == ["neighbour", "out"] and read_back(tmp_path / "out")["counts"]["dropped"] == 1


def test_what_came_into_the_way_meanwhile_is_not_overwritten(run, tmp_path):
    def meanwhile(done: int, total: int, stage: str) -> None:
        if stage == "checking" and not (tmp_path / "out").exists():
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "mine.txt").write_text("mine")

    with pytest.raises(StoreError, match="exists"):
        exported(run, tmp_path / "out", progress=meanwhile)
    assert found(tmp_path) == ["out"] and found(tmp_path / "out") == ["mine.txt"]


def test_two_folders_are_exchanged_in_one_step_where_the_disk_can(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    done = publish.exchange(tmp_path / "one", tmp_path / "two")
    expected = (["two"], ["one"]) if done else (["one"], ["two"])
    assert (found(tmp_path / "one"), found(tmp_path / "two")) == expected
    assert done or sys.platform not in ("linux", "darwin")
    assert publish.exchange(tmp_path / "one", tmp_path / "nothing") is False and found(tmp_path) == ["one", "two"]
