"""The command line as a stranger uses it: JSON on stdout, sentences on stderr, exit codes. One command of each kind is
a process of its own; where PyTorch would start once more only to say the same, it is called in this one."""

import json
import socket
import subprocess
import sys
import time

import psutil
import pytest

from tests.commands import ended, told


def xtf(*arguments, code=0, cwd=None):
    """Runs `python -m xtf` and returns (stdout, stderr); asserts the exit code."""
    done = subprocess.run([sys.executable, "-m", "xtf", *map(str, arguments)], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def sentence(*arguments) -> str:
    """What a command says when it refuses: exit 2, nothing on stdout, one line on stderr."""
    return one_line(2, *xtf(*arguments, code=2))


def one_line(code, out, err) -> str:
    assert code == 2
    lines = [line for line in err.splitlines() if line.strip()]
    assert out == "" and len(lines) == 1 and "Traceback" not in err, err
    return lines[0]


@pytest.fixture
def flags(tiny_model):
    return ["--model", tiny_model, "--dtype", "float32", "--device", "cpu"]


def test_score_filter_scores_export_and_load_back(flags, home, tmp_path):
    from datasets import load_from_disk

    manifest = json.loads(xtf("score", "demo", "--limit", 5, "--run", "small", "--json", *flags)[0])
    assert manifest["complete"] and manifest["counts"]["examples"] == 5
    assert [run["name"] for run in json.loads(xtf("runs", "--json")[0])["runs"]] == ["small"]

    summary = json.loads(xtf("filter", "small", "--preset", "paper", "--novelty-cutoff", "0.5", "--json")[0])
    assert summary["thresholds"]["novelty"] == {"kind": "cutoff", "value": 0.5, "cap": None, "cap_ties": "position"}
    assert summary["trainable"] == manifest["counts"]["trainable"]

    out = tmp_path / "out"
    settings = ["--preset", "paper", "--novelty-cutoff", "0.5"]
    exported = json.loads(xtf("export", "small", *settings, "--allow", "eos", "--out", out, "--json")[0])
    data = load_from_disk(str(out))
    assert data.column_names == ["input_ids", "attention_mask", "labels"] and len(data) == 5
    kept = sum(label != -100 for row in data for label in row["labels"])
    assert kept == summary["kept"] == exported["counts"]["kept"]
    for index in range(5):
        one = json.loads(xtf("scores", "small", "--example", index, *settings, "--json")[0])
        assert one["labels"] == data[index]["labels"] and one["ids"] == data[index]["input_ids"]
        dropped = [bits > 0 for bits in one["verdict"]]
        assert dropped == [trainable and not keep for trainable, keep in zip(one["trainable"], one["keep"],
                                                                            strict=True)]


def test_text_output_is_for_people(flags):
    code, out, _ = ended("score", "demo", "--limit", 3, *flags)
    assert code == 0 and ("response" in out or "examples scored" in out)
    assert "Kept" in xtf("filter", "demo-tiny-llama")[0]
    assert "demo-tiny-llama" in xtf("runs")[0]


def test_preview_tells_what_is_trained_without_scoring(flags, home):
    found = told("preview", "demo", "--count", 2, *flags[:2])
    assert len(found["examples"]) == 2 and any(found["examples"][0]["trainable"])
    assert not (home / "runs").exists()


BAD_FILES = {
    "empty file": ("data.jsonl", b"", "empty"),
    "broken JSON": ("data.jsonl", b'{"prompt": "a", "response": "b"}\n' * 16 + b'{"prompt": \n', "17"),
    "missing columns": ("data.jsonl", b'{"left": "a", "right": "b"}\n', "left"),
    "empty response": ("data.jsonl", b'{"prompt": "a", "response": ""}\n', "empty"),
    "too long": ("data.jsonl", json.dumps({"prompt": "a", "response": "word " * 2000}).encode(), "too-long"),
    "not UTF-8": ("data.jsonl", b'{"prompt": "a", "response": "\xff"}\n', "UTF-8"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_data_is_one_sentence_and_leaves_nothing(case, flags, home, tmp_path):
    name, content, expected = BAD_FILES[case]
    (tmp_path / name).write_bytes(content)
    asked = ["score", tmp_path / name, "--run", "bad", *flags]
    said = sentence(*asked) if case == "broken JSON" else one_line(*ended(*asked))
    assert expected.lower() in said.lower()
    assert not (home / "runs").exists() or not list((home / "runs").iterdir())


@pytest.mark.parametrize(("arguments", "expected"), [
    (["score", "no-such-file.jsonl"], "no-such-file.jsonl"),
    (["score", "demo", "--model", "/no/such/folder"], "no model"),
    (["score", "demo", "--batch-tokens", "0", "--max-length", "1"], "max_length"),
    (["filter", "nothing"], "no run called nothing"),
    (["filter", "../../etc"], "cannot be a name"),
    (["export", "nothing", "--out", "x"], "no run called nothing"),
])
def test_bad_arguments_are_one_sentence(arguments, expected):
    assert expected in one_line(*ended(*arguments))


def test_unknown_flags_and_choices_exit_2():
    assert "No such option" in xtf("score", "demo", "--frobnicate", code=2)[1]
    assert "paper" in xtf("filter", "x", "--preset", "best", code=2)[1]


def test_two_rules_for_one_attribute_are_refused(demo_run):
    assert "exclude each other" in sentence("filter", "demo", "--novelty-cutoff", "0.9", "--novelty-off")


def test_estimate_prints_numbers_and_writes_no_run(flags, home):
    found = told("score", "demo", "--limit", 4, "--estimate", *flags)
    assert found["examples"] == 4 and found["tokens_per_second"] > 0 and found["memory_bytes"] > 1e8
    assert not (home / "runs").exists()


def test_app_serves_on_this_machine_only_and_prints_where(home):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "xtf", "app", "--port", str(port), "--no-open", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        said = json.loads(process.stdout.readline())
        assert said == {"url": f"http://127.0.0.1:{port}", "pid": process.pid}
        deadline = time.monotonic() + 60
        while not listening(port):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.2)
        assert {connection.laddr.ip for connection in psutil.Process(process.pid).net_connections()
                if connection.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    finally:
        process.terminate()
        process.wait(20)
    assert process.stdout.read() == ""


def listening(port) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_help_is_quick_and_imports_no_torch():
    code = "import sys, xtf.cli\ntry: xtf.cli.main(['score', '--help'])\nexcept SystemExit: pass\n" \
           "assert 'torch' not in sys.modules and 'streamlit' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
