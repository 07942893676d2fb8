"""Rows come out of every kind of source as they are; whatever is wrong is told in one sentence, with its line."""

import csv
import gzip
import hashlib
import json
import re
import tracemalloc
from itertools import islice

import pyarrow as pa
import pyarrow.parquet
import pytest

from xtf.config import DataSettings
from xtf.data import sources
from xtf.errors import DataError

ROWS = [{"prompt": "007", "response": "NA"}, {"prompt": "", "response": "2024-05-01"},
        {"prompt": "a,\"b\"\n<script>", "response": "😀 שלום"}, {"prompt": " 1.50 ", "response": "null"}]


def read(path, **values):
    return list(sources.rows(DataSettings(data=str(path), **values)))


def fault(path, **values):
    """The sentence that reading ends with."""
    with pytest.raises(DataError) as caught:
        read(path, **values)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".") and str(path) in sentence
    return sentence


def lines(rows, ending="\n"):
    return ending.join(json.dumps(row) for row in rows)


def write_csv(path, delimiter=","):
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, ["prompt", "response"], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(ROWS)


WRITERS = {
    "rows.jsonl": lambda path: path.write_text(lines(ROWS)),
    "crlf.jsonl": lambda path: path.write_bytes(b"\xef\xbb\xbf" + lines(ROWS, "\r\n\r\n  \r\n").encode() + b"\r\n\r\n"),
    "rows.ndjson": lambda path: path.write_text("\n\n" + lines(ROWS) + "\n"),
    "rows.jsonl.gz": lambda path: path.write_bytes(gzip.compress(lines(ROWS).encode())),
    "ROWS.JSONL": lambda path: path.write_text(json.dumps(ROWS[0]) + "\n" + lines(ROWS[1:])),
    "array.json": lambda path: path.write_text(json.dumps(ROWS, indent=3, ensure_ascii=False)),
    "tight.json": lambda path: path.write_text("\ufeff  " + json.dumps(ROWS, separators=(",", ":")) + "\n "),
    "lines.json": lambda path: path.write_text(lines(ROWS) + "\n"),
    "rows.json.gz": lambda path: path.write_bytes(gzip.compress(json.dumps(ROWS).encode())),
    "rows.csv": write_csv,
    "semicolons.csv": lambda path: write_csv(path, ";"),
    "rows.tsv": lambda path: write_csv(path, "\t"),
    "rows.parquet": lambda path: pa.parquet.write_table(pa.Table.from_pylist(ROWS), path),
}


def write_arrow(path, open_writer=pa.ipc.new_file):
    table = pa.Table.from_pylist(ROWS)
    with pa.OSFile(str(path), "wb") as file, open_writer(file, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize("name", WRITERS)
def test_files_give_their_rows_as_they_are(tmp_path, name):
    WRITERS[name](tmp_path / name)
    assert read(tmp_path / name) == ROWS


def test_arrow_files_and_streams(tmp_path):
    write_arrow(tmp_path / "file.arrow")
    write_arrow(tmp_path / "stream.arrow", pa.ipc.new_stream)
    assert read(tmp_path / "file.arrow") == read(tmp_path / "stream.arrow") == ROWS


def test_a_json_object_of_rows_gets_its_keys_as_pubid(tmp_path):
    (tmp_path / "pqa.json").write_text('{"17": {"QUESTION": "q"}, "4": {"QUESTION": "r", "pubid": 5}}')
    assert read(tmp_path / "pqa.json") == [{"pubid": "17", "QUESTION": "q"}, {"pubid": 5, "QUESTION": "r"}]
    (tmp_path / "one.json").write_text('{\n "prompt": "p",\n "n": {"x": 1}\n}')
    assert read(tmp_path / "one.json") == [{"prompt": "p", "n": {"x": 1}}]


def test_a_long_array_is_read_like_json_reads_it(tmp_path):
    """Elements of many sizes fall on all kinds of places of the reader's buffer (65,536 characters)."""
    rows = [{"text": "ä\\\"],{ \n" * (index * 37 % 4001), "n": [index, {"deep": [1.5, None, True]}]}
            for index in range(400)]
    path = tmp_path / "long.json"
    for indent in (None, 1):
        path.write_text(json.dumps(rows, indent=indent))
        assert path.stat().st_size > 20 * 65_536 and read(path) == json.loads(path.read_text())


@pytest.mark.parametrize(("name", "content", "words"), [
    ("a.jsonl", lines(ROWS * 4) + '\n{"prompt": "x", }\n' + lines(ROWS), r"Line 17 of .* not valid JSON"),
    ("a.jsonl", lines(ROWS) + "\n\n[1, 2]\n", r"Line 6 of .* holds a JSON list where an object"),
    ("a.jsonl", lines(ROWS) + '\n{"prompt": ', r"Line 5 of .* not valid JSON"),
    ("a.jsonl", b'{"a": "b"}\n{"a": "\xff"}\n', r"Line 2 of .* not UTF-8 text \(byte 0xff\)"),
    ("a.jsonl", '{"n": ' + "9" * 5000 + "}", r"Line 1 of .* not valid JSON"),
    ("a.jsonl", "[" * 100_000, r"Line 1 of .* not valid JSON"),
    ("a.jsonl.gz", b"no gzip", "cannot be read"),
    ("a.jsonl.gz", gzip.compress(lines(ROWS * 50).encode(), mtime=0)[:60], "cannot be read"),
    ("a.json", '[\n {"a": 1},\n {"a": }\n]', r"Line 3 of .* not valid JSON"),
    ("a.json", '[\n {"a": 1}\n {"a": 2}\n]', r"Line 3 of .* not valid JSON \(',' expected\)"),
    ("a.json", '[\n {"a": 1},\n\n {"a": 2}', r"Line 4 of .* not valid JSON"),
    ("a.json", '[\n {"a": 1},\n 7]', r"Line 3 of .* holds a JSON int where an object"),
    ("a.json", '[{"a": 1}]\n\n nonsense', r"Line 3 of .* not valid JSON \(text after the end"),
    ("a.json", '{\n "a": {"b": 1},\n "c"\n}', r"Line 4 of .* not valid JSON"),
    ("a.json", b'[{"a": "b"},\n\n {"a": "\xff"}]', r"Line 3 of .* not UTF-8"),
    ("a.csv", "a,b\n1,2\n3,4,5\n", r"Line 3 of .* more cells"),
    ("a.csv", 'a,b\n1,2\n3,"4\n', r"Line 3 of .* cannot be read as CSV"),
    ("a.csv", b"a,b\n1,2\n\xe9,4\n", r"Line 3 of .* not UTF-8 text \(byte 0xe9\)"),
    ("a.parquet", b"PAR1 it is not", "cannot be read"),
    ("a.arrow", b"nothing of the kind", "cannot be read"),
    ("a.txt", "hello", r"no kind that can be read; use \.jsonl"),
    *[(name, "", "holds no rows") for name in ("a.jsonl", "a.json", "a.csv")],
    ("a.csv", "prompt,response\n", "holds no rows"),
    ("a.json", "[ ]", "holds no rows"),
    ("a.jsonl", "\n\n  \n", "holds no rows"),
], ids=lambda value: None)
def test_faults_are_told_in_a_sentence(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert re.search(words, fault(path))


def test_rows_before_the_fault_are_given(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(lines(ROWS) + "\nbroken")
    assert list(islice(sources.rows(DataSettings(data=str(path))), 4)) == ROWS


def test_a_very_long_cell(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("prompt,response\n" + "x" * 200_000 + ",y\n")
    assert len(read(path)[0]["prompt"]) == 200_000


@pytest.mark.parametrize("name", ["missing.jsonl", "./missing", "no/such/folder/here", "~/nothing-here",
                                  "missing.parquet", "file.jsonl.gz", "what is this"])
def test_a_missing_file_is_said_to_be_missing(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert "There is no file or folder" in fault(name)


def test_an_unreachable_or_unknown_hub_id_is_one_sentence(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "no file or folder here, and the hub is switched off" in fault("no-such-owner/no-such-data")
    with pytest.raises(DataError):
        sources.digest(DataSettings(data="no-such-owner/no-such-data"))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_memory_does_not_grow_with_the_file(tmp_path, name):
    path = tmp_path / name

    def peak(count):
        rows = [{"prompt": f"question {index} " * 5, "response": "answer " * 10} for index in range(count)]
        table = "".join(f"{row['prompt']},{row['response']}\n" for row in rows)
        content = {"a.json": json.dumps(rows), "a.jsonl": lines(rows), "a.csv": "prompt,response\n" + table}
        path.write_text(content[name])
        del rows, table, content
        tracemalloc.start()
        assert sum(1 for _ in sources.rows(DataSettings(data=str(path)))) == count
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(10)  # what is made once only
    assert peak(20_000) < 1.15 * peak(2_000) + 20_000


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    root = tmp_path_factory.mktemp("folders")
    whole = datasets.Dataset.from_list(ROWS)
    whole.save_to_disk(root / "saved")
    datasets.DatasetDict({"train": whole, "test": whole.select([1])}).save_to_disk(root / "splits")
    (root / "hub" / "data").mkdir(parents=True)
    whole.to_parquet(root / "hub" / "data" / "train-00000-of-00002.parquet")
    whole.select([0]).to_parquet(root / "hub" / "data" / "train-00001-of-00002.parquet")
    whole.select([2]).to_parquet(root / "hub" / "data" / "test-00000-of-00001.parquet")
    (root / "mixed").mkdir()
    write_csv(root / "mixed" / "train.csv")
    (root / "configs").mkdir()
    (root / "configs" / "README.md").write_text(
        "---\nconfigs:\n- config_name: main\n  data_files: a.jsonl\n- config_name: other\n  data_files: b.jsonl\n---\n")
    (root / "configs" / "a.jsonl").write_text(lines(ROWS))
    (root / "configs" / "b.jsonl").write_text(lines(ROWS[2:]))
    (root / "text").mkdir()
    (root / "text" / "train.txt").write_text("one\ntwo\n")
    (root / "nothing").mkdir()
    return root


def test_folders_give_the_rows_of_their_split(folders):
    assert read(folders / "saved") == ROWS
    assert read(folders / "splits") == ROWS and read(folders / "splits", split="test") == [ROWS[1]]
    assert read(folders / "hub") == [*ROWS, ROWS[0]] and read(folders / "hub", split="test") == [ROWS[2]]
    assert read(folders / "mixed") == ROWS
    assert read(folders / "configs", config="other") == ROWS[2:]
    assert read(folders / "text") == [{"text": "one"}, {"text": "two"}]


def test_a_missing_split_lists_those_there_are(folders):
    for name in ("splits", "hub"):
        assert re.search(r"no split 'dev'; it has (train, test|test, train)", fault(folders / name, split="dev"))


def test_folders_without_data_are_told(folders):
    assert "no dataset that can be read" in fault(folders / "nothing")
    assert "main" in fault(folders / "configs") and "other" in fault(folders / "configs")


def test_reading_a_folder_leaves_no_copy_behind(folders):
    import datasets

    read(folders / "hub")
    read(folders / "text")
    cached = [path for path in datasets.config.HF_DATASETS_CACHE.rglob("*") if path.is_file() and str(
        folders.name) in path.name]
    assert not sum(path.stat().st_size for path in cached)


def test_demo_and_humaneval_are_always_there():
    demo = read("demo")
    assert len(demo) == 24 and read("demo", limit=30)[:24] == demo
    assert read("demo", split="test") == read("demo", split="heldout") != demo
    assert "train and heldout" in fault("demo", split="other")
    problems = read("humaneval")
    assert len(problems) == 164 and problems[0]["task_id"] == "HumanEval/0"


def test_digests_follow_the_content(tmp_path, folders):
    path = tmp_path / "a.jsonl"
    path.write_text(lines(ROWS))
    assert sources.digest(DataSettings(data=str(path))) == hashlib.sha256(path.read_bytes()).hexdigest()
    saved = sources.digest(DataSettings(data=str(folders / "saved")))
    assert saved == sources.digest(DataSettings(data=str(folders / "saved"))) and len(saved) == 64
    (folders / "saved" / "more.txt").write_text("x")
    assert saved != sources.digest(DataSettings(data=str(folders / "saved")))
    assert len({sources.digest(DataSettings(data=name)) for name in ("demo", "humaneval", str(path))}) == 3
    with pytest.raises(DataError, match="There is no file"):
        sources.digest(DataSettings(data=str(tmp_path / "b.jsonl")))
