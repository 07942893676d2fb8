"""Exports read back by other libraries than ours, and what becomes of a folder when writing fails."""

import json
import math
import resource
import subprocess
import sys

import datasets
import numpy as np
import pandas as pd
import pytest

from tests import tables
from tests.exports import whole
from tests.tables import NAN, PROMPT, RESPONSE
from xtf.config import Cutoff, Off, Thresholds
from xtf.errors import SettingsError, StoreError
from xtf.export import read_back, rows, write
from xtf.export.formats import TOKEN_FORMATS
from xtf.runs import Run

THRESHOLDS = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.75), relevance=Off(), insist=True)
IDS = [[5, 1, 2], [6, 3], [7], [8, 9, 4, 4, 4, 4, 4]]
LABELS = [[-100, 1, -100], [-100, -100], [-100], [-100, -100, 4, -100, 4, -100, 4]]
P = [[NAN, 0.5, 0.875], [NAN, 0.9375], [NAN], [NAN, NAN, 0.5, 0.875, 0.75, 1.0, 0.25]]


@pytest.fixture
def run(home) -> Run:
    """Four examples: some kept, none kept, no answer, and one that is longer than the others together."""
    marks = [[PROMPT, RESPONSE, RESPONSE], [PROMPT, RESPONSE], [PROMPT], [PROMPT] * 2 + [RESPONSE] * 5]
    return tables.saved("apples", tables.table(IDS, marks, {"logprob": [np.log(row) for row in P]}))


def read(folder, kind: str) -> pd.DataFrame:
    if kind == "hf":
        return datasets.load_from_disk(str(folder)).to_pandas()
    if kind == "parquet":
        return pd.read_parquet(folder / "data.parquet")
    return pd.DataFrame([json.loads(line) for line in (folder / "data.jsonl").read_text().splitlines()])


def lists(column: pd.Series) -> list[list]:
    return [list(map(float, row)) for row in column]


def leftovers(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "home")


@pytest.mark.parametrize("batch", [1, 5, 1 << 18])
@pytest.mark.parametrize("kind", TOKEN_FORMATS)
def test_a_row_is_an_example_with_its_labels(run, tmp_path, monkeypatch, kind, batch):
    monkeypatch.setattr(rows, "TOKENS", batch)
    record = write(run, THRESHOLDS, whole(kind), tmp_path / "deep" / "out")
    frame = read(tmp_path / "deep" / "out", kind)
    assert frame.columns.tolist() == ["input_ids", "attention_mask", "labels"]
    assert lists(frame["input_ids"]) == IDS and lists(frame["labels"]) == LABELS
    assert lists(frame["attention_mask"]) == [[1.0] * len(row) for row in IDS]
    assert record["counts"] == {"examples": 4, "left_out": 0, "tokens": 13, "trainable": 8, "kept": 4, "dropped": 4,
                                "kept_share": 0.5, "examples_without_kept": 2, "longest": 7}
    assert record == read_back(tmp_path / "deep" / "out") == json.loads(
        (tmp_path / "deep" / "out" / "export.json").read_text())


@pytest.mark.parametrize("kind", TOKEN_FORMATS)
def test_scores_are_added_when_asked_for(run, tmp_path, kind):
    write(run, THRESHOLDS, whole(kind, with_scores=True), tmp_path / "out")
    frame = read(tmp_path / "out", kind)
    assert frame.columns.tolist() == ["id", "input_ids", "attention_mask", "labels", "reasoning", "p", "relevance",
                                      "verdict"]
    assert frame["id"].tolist() == ["e0", "e1", "e2", "e3"]
    assert [[value for value in row if value is not None and not math.isnan(value)] for row in frame["p"]] == [
        [0.5, 0.875], [0.9375], [], [0.5, 0.875, 0.75, 1.0, 0.25]]
    assert lists(frame["verdict"]) == [[0, 0, 2], [0, 2], [0], [0, 0, 0, 2, 0, 2, 0]]


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("kind", TOKEN_FORMATS)
def test_weights_are_added_when_asked_for(run, tmp_path, kind, scores):
    record = write(run, THRESHOLDS, whole(kind, with_weights=True, with_scores=scores), tmp_path / "out")
    frame = read(tmp_path / "out", kind)
    assert record["columns"] == frame.columns.tolist() == [
        *(["id"] if scores else []), "input_ids", "attention_mask", "labels", "loss_weights",
        *(["reasoning", "p", "relevance", "verdict"] if scores else [])]
    assert lists(frame["input_ids"]) == IDS and lists(frame["labels"]) == LABELS
    assert lists(frame["loss_weights"]) == [[0, 1, 0], [0, 0], [0], [0, 0, 1, 0, 1, 0, 1]]
    if kind != "jsonl":
        assert record["schema"]["loss_weights"]["type"] == "list<item: float>"
    assert record["digest"] == read_back(tmp_path / "out")["digest"] == write(
        run, THRESHOLDS, whole(kind), tmp_path / "plain")["digest"]


def test_json_lines_have_null_where_there_is_no_score(run, tmp_path):
    write(run, THRESHOLDS, whole("jsonl", with_scores=True), tmp_path / "out")
    first = json.loads((tmp_path / "out" / "data.jsonl").read_text().splitlines()[0], parse_constant=pytest.fail)
    assert first["p"] == [None, 0.5, 0.875]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_datasets_tells_the_data_from_the_record(run, tmp_path, kind):
    write(run, THRESHOLDS, whole(kind), tmp_path / "out")
    found = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"), split="train")
    assert found["labels"][:] == LABELS


def test_examples_without_a_kept_token_can_be_left_out(run, tmp_path):
    record = write(run, THRESHOLDS, whole("parquet", drop_empty=True), tmp_path / "out")
    assert lists(read(tmp_path / "out", "parquet")["labels"]) == [LABELS[0], LABELS[3]]
    assert record["counts"] == {"examples": 2, "left_out": 2, "tokens": 10, "trainable": 7, "kept": 4, "dropped": 3,
                                "kept_share": 4 / 7, "examples_without_kept": 0, "longest": 7}
    with pytest.raises(SettingsError, match="no example is left"):
        write(run, THRESHOLDS.model_copy(update={"novelty": Cutoff(value=0.0)}), whole("parquet", drop_empty=True),
              tmp_path / "none")
    assert leftovers(tmp_path) == ["out"]


def test_the_record_says_what_made_the_export(run, tmp_path):
    record = write("apples", THRESHOLDS, whole("jsonl"), tmp_path / "out")
    assert (record["run"], record["run_id"], record["model"]["name"]) == ("apples", "0123456789abcdef", "tiny")
    assert Thresholds.model_validate(record["thresholds"]) == THRESHOLDS
    assert record["summary"]["attributes"]["novelty"]["dropped"] == 4
    assert {"xtf", "numpy", "pyarrow", "datasets"} <= set(record["versions"])


def test_progress_ends_at_the_total(run, tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "TOKENS", 1)
    calls = []
    write(run, THRESHOLDS, whole("jsonl"), tmp_path / "out", progress=lambda *call: calls.append(call))
    assert calls == [(3, 13, "writing"), (5, 13, "writing"), (6, 13, "writing"), (13, 13, "writing"),
                     (13, 13, "checking")]


# What is there already, and what goes wrong --------------------------------------------------------------------------

@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_text("mine")])
def test_what_exists_is_refused(run, tmp_path, make):
    make(tmp_path / "out")
    with pytest.raises(StoreError, match="exists: choose another folder"):
        write(run, THRESHOLDS, whole("hf"), tmp_path / "out")


def test_overwriting_spares_what_is_no_export(run, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    (tmp_path / "note").write_text("mine")
    for name in ("thesis", "note"):
        with pytest.raises(StoreError, match="is not an export"):
            write(run, THRESHOLDS, whole("hf"), tmp_path / name, overwrite=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == (tmp_path / "note").read_text() == "mine"


def test_overwriting_replaces_an_export_of_another_format(run, tmp_path):
    write(run, THRESHOLDS, whole("jsonl"), tmp_path / "out")
    everything = THRESHOLDS.model_copy(update={"novelty": Off()})
    write(run, everything, whole("hf"), tmp_path / "out", overwrite=True)
    assert lists(read(tmp_path / "out", "hf")["labels"])[0] == [-100, 1, 2]
    assert not (tmp_path / "out" / "data.jsonl").exists() and leftovers(tmp_path) == ["out"]


def test_an_interrupted_overwrite_leaves_the_old_export_whole(run, tmp_path):
    def interrupt(done: int, total: int, stage: str) -> None:
        if stage == "checking":
            raise KeyboardInterrupt

    before = write(run, THRESHOLDS, whole("hf"), tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        write(run, THRESHOLDS.model_copy(update={"novelty": Off()}), whole("hf"), tmp_path / "out", overwrite=True,
              progress=interrupt)
    assert read_back(tmp_path / "out") == before and leftovers(tmp_path) == ["out"]


@pytest.mark.parametrize("kind", TOKEN_FORMATS)
def test_a_write_that_fails_leaves_nothing(run, tmp_path, kind):
    long = tables.saved("long", tables.table([list(range(5000))] * 4, scores={"logprob": [[-1.0] * 5000] * 4}))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # as a disk that fills up on the way
    try:
        with pytest.raises(StoreError, match="out could not be written"):
            write(long, THRESHOLDS, whole(kind), tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert leftovers(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is a file, so no folder can be put into it"):
        write(run, THRESHOLDS, whole("hf"), tmp_path / "file" / "out")


def test_an_unknown_run_names_those_that_exist(run, tmp_path):
    with pytest.raises(StoreError, match="apples"):
        write("pears", THRESHOLDS, whole("hf"), tmp_path / "out")


def test_a_changed_label_is_found_out(run, tmp_path):
    write(run, THRESHOLDS, whole("jsonl"), tmp_path / "out")
    data = tmp_path / "out" / "data.jsonl"
    data.write_text(data.read_text().replace('"labels":[-100,1,-100]', '"labels":[-100,1,2]'))
    with pytest.raises(StoreError, match="does not hold what was written"):
        read_back(tmp_path / "out")


@pytest.mark.parametrize("kind", TOKEN_FORMATS)
def test_a_damaged_export_is_told_in_a_sentence(run, tmp_path, kind):
    write(run, THRESHOLDS, whole(kind), tmp_path / "out")
    data, = (path for path in (tmp_path / "out").iterdir() if path.suffix in (".arrow", ".parquet", ".jsonl"))
    data.write_bytes(data.read_bytes()[:40])
    with pytest.raises(StoreError, match="write it again"):
        read_back(tmp_path / "out")
    data.unlink()
    with pytest.raises(StoreError):
        read_back(tmp_path / "out")


def test_a_folder_that_is_no_export_is_told_in_a_sentence(tmp_path):
    with pytest.raises(StoreError, match="not a complete export"):
        read_back(tmp_path)


def test_judging_and_exporting_import_no_torch():
    code = ("import sys, xtf.explain, xtf.stats, xtf.export, datasets; "
            "sys.exit(any(name in sys.modules for name in ('torch', 'skimage', 'streamlit')))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
