"""What reaches the loss in TRL's SFTTrainer and in transformers' Trainer, trained by the recipes that are shipped, is
what the export says: every row, every label. Axolotl and LLaMA-Factory have environments of their own (see
docs/trainers.md)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tables
from tests.tables import EOS, PROMPT, RESPONSE
from tests.trainers import rows, training, with_transformers, with_trl
from xtf.config import Cutoff, ExportSettings, Off, ScoreSettings, Thresholds
from xtf.engine import local
from xtf.export import write

ALLOWED = ("empty", "eos", "special", "length", "assistant_mask", "kept_share", "duplicates", "overlap")
needs_trl = pytest.mark.skipif(sys.version_info < (3, 11), reason="TRL 1.16 needs Python 3.11")


@pytest.fixture(scope="module")
def exports(tmp_path_factory, tiny_model) -> Path:
    """A folder of exports of two runs: `chat` by the model's chat template, `plain` without one; the workspace, too."""
    folder = tmp_path_factory.mktemp("exports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(folder / "home"))
        for name, template in (("chat", "auto"), ("plain", "none")):
            local.score(ScoreSettings(data="demo", model=str(tiny_model), limit=6, dtype="float32", device="cpu",
                                      template=template), name)
            for kind in ("hf", "parquet", "jsonl", "text"):
                write(name, Thresholds(novelty=Cutoff(value=0.004)), asked(kind), folder / f"{name}-{kind}")
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """What `datasets` makes of files is not put where the user's is."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def asked(kind: str = "jsonl", **more) -> ExportSettings:
    """Settings of an export that is written whatever is found in it."""
    return ExportSettings(format=kind, allow=ALLOWED, **more)


def made_up(home, out: Path, lengths: list[int], kept: list[int], kind: str = "jsonl", **more) -> Path:
    """An export of rows of these lengths, the last token the end; so many of the tokens before it are trained."""
    ids = [[7 + (place + number) % 40 for place in range(length - 1)] + [2] for number, length in enumerate(lengths)]
    marks = [[PROMPT] + [RESPONSE] * (length - 2) + [EOS] for length in lengths]
    scores = [[0.0] * (length - 1 - number) + [-9.0] * number + [-9.0 if number else 0.0]
              for length, number in zip(lengths, kept)]
    run = tables.saved("made-up", tables.table(ids, marks, {"logprob": scores}))
    thresholds = Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.5), insist=True, protect_eos=False)
    write(run, thresholds, asked(kind, **more), out, overwrite=True)
    return out


def listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path.relative_to(folder)), path.stat().st_mtime_ns) for path in folder.rglob("*")
                  if "__pycache__" not in path.parts)


def test_some_labels_are_dropped_and_some_are_kept(exports):
    for name in ("chat-hf", "plain-hf"):
        labels = [label for _, row in rows.exported(exports / name) for label in row]
        kept = sum(label != rows.IGNORE for label in labels)
        assert 0.1 < kept / len(labels) < 0.9
        assert len(rows.exported(exports / name)) == 6


@needs_trl
@pytest.mark.parametrize("name, packing", [
    ("chat-hf", None), ("chat-hf", 700), ("plain-parquet", None), ("plain-jsonl", 700)])
def test_trl_trains_exactly_the_labels(exports, tiny_model, capsys, name, packing):
    before = listing(exports / name)
    assert with_trl.check(exports / name, tiny_model, packing)
    assert "6 rows compared, 6 identical; 6 reached the model" in capsys.readouterr().out
    assert listing(exports / name) == before  # nothing is cached in it


@pytest.mark.parametrize("name", ["chat-parquet", "plain-hf", "plain-jsonl"])
def test_transformers_trains_exactly_the_labels(exports, tiny_model, capsys, name):
    before = listing(exports / name)
    assert with_transformers.check(exports / name, model=tiny_model)
    assert "6 rows compared, 6 identical; 6 reached the model" in capsys.readouterr().out
    assert listing(exports / name) == before


@pytest.mark.parametrize("run", ["chat", "plain"])
def test_text_becomes_the_labels_of_the_run_again(exports, tiny_model, capsys, run):
    # `plain` was scored without a template, which its recipe must remember: the tokenizer has one.
    assert with_transformers.check(exports / f"{run}-text", labels=exports / f"{run}-jsonl", model=tiny_model)
    assert "6 rows compared, 6 identical; 6 reached the model" in capsys.readouterr().out


@needs_trl
@pytest.mark.parametrize("packing", [None, 1600])
def test_a_row_that_is_longer_than_trls_default_is_trained_to_its_end(home, tmp_path, packing):
    export = made_up(home, tmp_path / "long [1] *", [1500, 30, 40], [3, 5, 0])
    expected = rows.exported(export)
    assert [len(ids) for ids, _ in expected] == [1500, 30, 40]
    assert [number for number, label in enumerate(expected[0][1]) if label != rows.IGNORE] == [1496, 1497, 1498, 1499]
    assert with_trl.check(export, packing=packing)


def test_steps_without_a_trained_token_do_not_spoil_the_model(home, tmp_path, capsys):
    export = made_up(home, tmp_path / "out", [20, 30, 25, 9], [0, 4, 0, 2], with_weights=True, with_scores=True)
    assert with_transformers.check(export)
    assert "Left out, as nothing in them is trained: 2" in capsys.readouterr().out


@needs_trl
@pytest.mark.parametrize("kind", ["hf", "parquet", "jsonl"])
def test_an_export_that_was_overwritten_is_read_anew(home, tmp_path, kind):
    for kept in (3, 5):
        export = made_up(home, tmp_path / "out", [20, 30], [kept, kept], kind)
        found = rows.recipe(export, "train_trl.py").rows()
        assert [sum(label != rows.IGNORE for label in row["labels"]) for row in found] == [kept + 1, kept + 1]


@needs_trl
def test_rows_are_cut_where_a_shorter_length_was_asked_for(home, tmp_path):
    export = made_up(home, tmp_path / "out", [50, 60, 12], [9, 30, 5], trainer_length=40)
    cut = [rows.row(ids[:40], labels[:40]) for ids, labels in rows.exported(export)]
    model = rows.tiny_model(tmp_path / "model", rows.exported(export))
    for packing in ((), ("--packing", "100")):
        found = training.epoch(rows.recipe(export, "train_trl.py"), model, tmp_path / "a", *packing).rows
        assert sorted(found) == sorted(cut)
    found = training.epoch(rows.recipe(export, "train_transformers.py"), model, tmp_path / "b").rows
    assert sorted(found) == sorted(rows.trained(cut)) != sorted(cut)


@needs_trl
def test_packing_that_would_cut_rows_is_refused(exports, capsys):
    with pytest.raises(SystemExit):
        rows.recipe(exports / "chat-hf", "train_trl.py").arguments(["--packing", "20"])
    assert "would cut rows" in capsys.readouterr().err


@pytest.mark.parametrize("script", [pytest.param("train_trl.py", marks=needs_trl), "train_transformers.py"])
def test_the_scripts_run_as_they_are_shipped(exports, script):
    export = exports / "chat-hf"
    before = listing(export)
    # The model is the one that the run was scored with: its folder is in the script.
    done = subprocess.run([sys.executable, f"recipes/{script}", "--max-steps", "2", "--accumulate", "1"], cwd=export,
                          env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert listing(export) == before
    adapter = exports / ("chat-hf-trl" if "trl" in script else "chat-hf-trainer")
    assert json.loads((adapter / "adapter_config.json").read_text())["r"] == 16
    assert (adapter / "adapter_model.safetensors").is_file()


def test_a_label_that_differs_is_found(exports, tmp_path):
    expected = rows.exported(exports / "chat-hf")
    ids, labels = expected[0]
    spoilt = [(ids, (*labels[:-1], rows.IGNORE if labels[-1] != rows.IGNORE else ids[-1])), *expected[1:]]
    assert rows.compared(expected, expected, "same") and not rows.compared(expected, spoilt, "spoilt")
    assert not rows.compared(expected, expected[1:], "one is missing")
