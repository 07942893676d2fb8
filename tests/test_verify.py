"""Exports made again from their run and compared: identical, or where not; by hand."""

import json
import os
import shutil
import subprocess
import sys
from typing import get_args

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests import tables
from tests.exports import whole
from tests.other_tokenizers import BRACKETS, TOKENIZERS
from tests.random_tables import random_table, random_thresholds
from tests.tables import NAN, PROMPT, RESPONSE
from xtf.config import ByClass, Cutoff, ExportFormat, Off, OtherTokenizer, Thresholds
from xtf.errors import StoreError
from xtf.export import verify, write
from xtf.runs import delete_run, open_run

THRESHOLDS = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.75), relevance=Off(), insist=True)
IDS = [[5, 1, 2], [6, 3], [7], [8, 9, 4, 4, 4, 4, 4]]
LABELS = [[-100, 1, -100], [-100, -100], [-100], [-100, -100, 4, -100, 4, -100, 4]]
P = [[NAN, 0.5, 0.875], [NAN, 0.9375], [NAN], [NAN, NAN, 0.5, 0.875, 0.75, 1.0, 0.25]]
TEXTS = {1: " one", 2: " <b>two</b>", 4: "\n"}


@pytest.fixture
def run(home):
    marks = [[PROMPT, RESPONSE, RESPONSE], [PROMPT, RESPONSE], [PROMPT], [PROMPT] * 2 + [RESPONSE] * 5]
    return tables.saved("apples", tables.table(IDS, marks, {"logprob": [np.log(row) for row in P]}, texts=TEXTS))


def rewrite(folder, change) -> None:
    """Lets `change` alter the rows of a JSON Lines export."""
    path = folder / "data.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in change(rows)))


def export(run, folder, kind="jsonl", **more):
    write(run, THRESHOLDS, whole(kind, **more), folder)
    return folder


@pytest.mark.parametrize("more", [{}, {"with_scores": True, "with_weights": True}, {"drop_empty": True}])
@pytest.mark.parametrize("kind", ["hf", "parquet", "jsonl"])
def test_what_was_written_is_identical(run, tmp_path, kind, more):
    found = verify(export(run, tmp_path / "out", kind, **more))
    examples, labels = (2, 10) if "drop_empty" in more else (4, 13)
    assert found["identical"] and found["whole"] and found["notes"] == [] == found["differences"] == found["files"]
    assert found["rows"] == {"same": examples, "differing": 0, "missing": 0, "extra": 0} and found["labels"] == labels
    assert found["sentence"] == f"Identical: {examples} examples, {labels} labels."


def test_a_changed_label_is_found_at_its_token(run, tmp_path):
    def change(rows):
        rows[0]["labels"] = [-100, 1, 2]
        rows[3]["labels"][4] = -100
        return rows

    rewrite(export(run, tmp_path / "out"), change)
    found = verify(tmp_path / "out")
    assert not found["identical"] and not found["whole"]
    assert found["files"] == [{"file": "data.jsonl", "what": "changed"}]
    assert found["rows"] == {"same": 2, "differing": 2, "missing": 0, "extra": 0}
    assert found["differences"] == [
        {"row": 0, "recomputed_row": 0, "example": 0, "id": "e0", "what": "labels", "column": "labels", "position": 2,
         "text": " <b>two</b>", "exported": 2, "recomputed": -100},
        {"row": 3, "recomputed_row": 3, "example": 3, "id": "e3", "what": "labels", "column": "labels", "position": 4,
         "text": "\n", "exported": -100, "recomputed": 4}]
    assert found["sentence"] == "Not identical: of 4 rows 2 differ."


@pytest.mark.parametrize(("change", "rows", "places"), [
    (lambda rows: rows[1:], {"same": 3, "differing": 0, "missing": 1, "extra": 0}, [("missing", None, 0)]),
    (lambda rows: rows[:1] + rows[2:], {"same": 3, "differing": 0, "missing": 1, "extra": 0}, [("missing", None, 1)]),
    (lambda rows: rows[:3], {"same": 3, "differing": 0, "missing": 1, "extra": 0}, [("missing", None, 3)]),
    (lambda rows: [*rows[:2], rows[0], *rows[2:]], {"same": 4, "differing": 0, "missing": 0, "extra": 1},
     [("extra", 2, None)]),
    (lambda rows: [*rows, rows[0]], {"same": 4, "differing": 0, "missing": 0, "extra": 1}, [("extra", 4, None)]),
    (lambda rows: [rows[0], {**rows[1], "input_ids": [6, 4]}, *rows[2:]],
     {"same": 3, "differing": 1, "missing": 0, "extra": 0}, [("text", 1, 1)]),
    (lambda rows: [], {"same": 0, "differing": 0, "missing": 4, "extra": 0},
     [("missing", None, row) for row in range(4)])])
def test_rows_that_are_missing_too_many_or_others(run, tmp_path, change, rows, places):
    rewrite(export(run, tmp_path / "out"), change)
    found = verify(tmp_path / "out")
    assert not found["identical"] and found["rows"] == rows
    assert [(one["what"], one["row"], one["recomputed_row"]) for one in found["differences"]] == places


def test_left_out_examples_keep_their_names(run, tmp_path):
    """Row 1 of the export is example 3 of the run."""
    export(run, tmp_path / "out", drop_empty=True)
    rewrite(tmp_path / "out", lambda rows: [rows[0], {**rows[1], "labels": [-100] * 7}])
    only, = verify(tmp_path / "out")["differences"]
    assert (only["row"], only["example"], only["id"], only["position"]) == (1, 3, "e3", 2)


@pytest.mark.parametrize(("column", "value"), [("p", 0.25), ("verdict", 7), ("loss_weights", 0.5), ("id", "e9")])
def test_scores_and_weights_are_compared_too(run, tmp_path, column, value):
    def change(rows):
        rows[0][column] = value if column == "id" else [*rows[0][column][:2], value]
        return rows

    rewrite(export(run, tmp_path / "out", with_scores=True, with_weights=True), change)
    found = verify(tmp_path / "out")
    assert found["rows"]["differing"] == 1 and not found["identical"]
    assert found["digest_holds"]  # which is of the three columns that a trainer reads
    if column != "id":
        assert found["differences"][0]["column"] == column and found["differences"][0]["exported"] == value


def test_a_file_that_only_looks_otherwise_is_still_identical(run, tmp_path):
    export(run, tmp_path / "out", "parquet")
    table = pq.read_table(tmp_path / "out" / "data.parquet")
    pq.write_table(table, tmp_path / "out" / "data.parquet", compression="none", row_group_size=1)
    found = verify(tmp_path / "out")
    assert found["identical"] and not found["whole"]
    assert found["notes"] == ["data.parquet is not the file that was written, but it holds the same rows."]


def test_many_differences_are_counted_and_the_first_told(home, tmp_path):
    ids = [[index % 50, 3] for index in range(3000)]
    long = tables.saved("long", tables.table(ids, None, {"logprob": [[-1.0, -1.0]] * 3000}))
    export(long, tmp_path / "out")
    rewrite(tmp_path / "out", lambda rows: [{**row, "labels": [-100, -100]} for row in rows])
    found = verify(tmp_path / "out", shown=4)
    assert found["rows"]["differing"] == 3000 and [one["row"] for one in found["differences"]] == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(8))
def test_any_run_at_any_thresholds_is_identical_and_any_flipped_label_is_found(home, tmp_path, seed):
    random = np.random.default_rng(seed)
    run, thresholds = tables.saved("any", random_table(random)), random_thresholds(random)
    write(run, thresholds, whole("jsonl"), tmp_path / "out")
    assert verify(tmp_path / "out")["identical"]
    rows = [json.loads(line) for line in (tmp_path / "out" / "data.jsonl").read_text().splitlines()]
    row = int(random.integers(len(rows)))
    token = int(random.integers(len(rows[row]["labels"])))
    label = rows[row]["labels"][token]
    rows[row]["labels"][token] = rows[row]["input_ids"][token] if label == -100 else -100
    rewrite(tmp_path / "out", lambda _: rows)
    only, = verify(tmp_path / "out")["differences"]
    assert (only["row"], only["position"], only["recomputed"]) == (row, token, label)


# Of real text: all formats, and carried over -------------------------------------------------------------------------

@pytest.fixture
def problems(workplace):
    return open_run("problems")


@pytest.mark.parametrize(("name", "examples"), [("problems", 6), ("hostile", 3)])
@pytest.mark.parametrize("kind", get_args(ExportFormat))
def test_every_format_of_a_scored_run(workplace, tmp_path, kind, name, examples):
    hand = Thresholds(overrides=(ByClass(action="drop", role="numbers"),))
    record = write(name, hand, whole(kind), tmp_path / "out")
    found = verify(tmp_path / "out")
    assert found["identical"] and found["whole"] and found["notes"] == []
    assert found["sentence"] == f"Identical: {examples} examples, {record['counts']['tokens']:,} labels."


@pytest.mark.parametrize(("kind", "change", "column"), [
    ("text", lambda message: message | {"trained": []}, "messages.trained"),
    ("text", lambda message: message | {"eos": not message["eos"]}, "messages.eos"),
    ("messages", lambda message: message | {"train": not message["train"]}, "messages.train")])
def test_a_change_of_what_is_trained_is_found_in_its_message(problems, tmp_path, kind, change, column):
    write(problems, Thresholds(), whole(kind), tmp_path / "out")
    rewrite(tmp_path / "out", lambda rows: [
        row | {"messages": [*row["messages"][:-1], change(row["messages"][-1])]} if number == 2 else row
        for number, row in enumerate(rows)])
    found = verify(tmp_path / "out")
    only, = found["differences"]
    answer = problems.table().example(2)
    assert (only["row"], only["id"], only["position"], only["column"]) == (2, answer.id, 1, column)
    assert only["text"][:20] in " ".join(answer.text.split()) and found["rows"]["differing"] == 1


@pytest.fixture
def other(tmp_path):
    tokenizer = TOKENIZERS["characters"]
    tokenizer.chat_template = BRACKETS
    tokenizer.save_pretrained(tmp_path / "other")
    return OtherTokenizer(tokenizer=str(tmp_path / "other"))


def test_an_export_for_another_tokenizer_is_carried_over_again(problems, tmp_path, other):
    write(problems, Thresholds(), whole("jsonl"), tmp_path / "out", other=other)
    assert verify(tmp_path / "out")["identical"]

    def change(rows):
        rows[1]["labels"][-1] = -100 if rows[1]["labels"][-1] != -100 else rows[1]["input_ids"][-1]
        return rows

    rewrite(tmp_path / "out", change)
    only, = verify(tmp_path / "out")["differences"]
    assert (only["row"], only["id"], only["text"]) == (1, problems.table().example_ids[1], "</s>")
    shutil.rmtree(tmp_path / "other")
    found = verify(tmp_path / "out")
    assert found["identical"] is None and "nothing was compared" in found["sentence"]


# What is not as it was -----------------------------------------------------------------------------------------------

def test_without_its_run_the_files_are_checked(run, tmp_path):
    export(run, tmp_path / "out")
    delete_run("apples")
    found = verify(tmp_path / "out")
    assert found["identical"] is None and found["whole"] and "There is no run called apples" in found["notes"][0]
    assert "the files hold what was written to them" in found["sentence"]
    rewrite(tmp_path / "out", lambda rows: rows[1:])
    found = verify(tmp_path / "out")
    assert not found["whole"] and "do not hold what was written" in found["sentence"]


def test_a_run_scored_anew_or_under_another_name(run, home, tmp_path):
    export(run, tmp_path / "out")
    shutil.copytree(home / "runs" / "apples", home / "runs" / "pears")
    delete_run("apples")
    assert verify(tmp_path / "out", "pears")["identical"]
    path = home / "runs" / "pears" / "manifest.json"
    path.write_text(path.read_text().replace("0123456789abcdef", "fedcba9876543210"))
    found = verify(tmp_path / "out", "pears")
    assert found["identical"] and "scored anew since" in found["notes"][0] and "fedcba9876543210" in found["notes"][0]


def test_another_version_of_xtf_is_told(run, tmp_path):
    record = json.loads((export(run, tmp_path / "out") / "export.json").read_text())
    record["versions"]["xtf"] = "0.0.7"
    (tmp_path / "out" / "export.json").write_text(json.dumps(record))
    found = verify(tmp_path / "out")
    assert found["identical"] and "written by XTF 0.0.7" in found["notes"][0]


def test_an_unfinished_run_verifies_as_far_as_it_was_scored(partial, tmp_path):
    write(partial, Thresholds(), whole("parquet"), tmp_path / "out")
    assert verify(tmp_path / "out")["identical"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "hf"}', "{", '{"thresholds": {"x": 1}}'])
def test_a_record_that_says_too_little_is_told_in_a_sentence(tmp_path, content):
    (tmp_path / "export.json").write_text(content)
    with pytest.raises(StoreError, match="again"):
        verify(tmp_path)


def test_what_is_no_export_or_not_readable_is_told(run, tmp_path):
    with pytest.raises(StoreError, match="not a complete export"):
        verify(tmp_path / "nowhere")
    export(run, tmp_path / "out", "parquet")
    (tmp_path / "out" / "data.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="cannot be read"):
        verify(tmp_path / "out")


def test_cards_and_recipes_are_peoples_to_edit(run, tmp_path):
    export(run, tmp_path / "out")
    (tmp_path / "out" / "README.md").write_text("mine")
    assert verify(tmp_path / "out")["whole"]


# On the command line -------------------------------------------------------------------------------------------------

def asked(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "xtf", "verify", *words], capture_output=True, text=True, check=False,
                          env=os.environ)


def test_the_command_says_identical_or_where_not(run, tmp_path):
    export(run, tmp_path / "out")
    done = asked(str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (0, "Identical: 4 examples, 13 labels.\n")
    rewrite(tmp_path / "out", lambda rows: [{**rows[0], "labels": [-100, 1, 2]}, *rows[1:]])
    done = asked(str(tmp_path / "out"))
    assert done.returncode == 2 and done.stderr == "xtf: Not identical: of 4 rows 1 differ.\n"
    assert all(word in done.stdout for word in ("e0", "<b>two</b>", "-100", "data.jsonl is changed"))
    found = json.loads(asked(str(tmp_path / "out"), "--json").stdout)
    assert found["rows"]["differing"] == 1 and found["identical"] is False
