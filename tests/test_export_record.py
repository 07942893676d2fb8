"""What stands beside an export: the record, which says all that made it, and the card, which other readers take."""

import hashlib
import json
import re
import shlex
from importlib.metadata import version

import datasets
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from huggingface_hub import DatasetCard

from tests import tables
from tests.exports import whole
from tests.tables import PROMPT, RESPONSE
from xtf.cli.main import cli
from xtf.config import (
    ByClass,
    ByType,
    Cutoff,
    ExportSettings,
    Off,
    OtherTokenizer,
    Quantile,
    ScoreSettings,
    Thresholds,
)
from xtf.engine import local
from xtf.export import read_back, write
from xtf.export.card import front_matter, text
from xtf.export.record import is_local, public, without_paths
from xtf.runs import begin, open_run
from xtf.saved import from_yaml
from xtf.store import Manifest

THRESHOLDS = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.75), relevance=Off(), insist=True)
HOSTILE = ["<script>alert(1)</script>", "a`b``c", "x | y", "[click](http://x)", "# head", "---\nlicense: mit",
           "\u202eevil", "“q” 'q' \"q\"", "a\x1b[31mred", "{{ jinja }}", "$HOME; rm -rf", "- item: value",
           "*a* _b_ ~~c~~", "&lt;"]


def made(name="apples", **more) -> object:
    """A run of three examples; `more` are fields of its manifest."""
    marks = [[PROMPT, RESPONSE, RESPONSE], [PROMPT, RESPONSE], [PROMPT, PROMPT, RESPONSE]]
    p = [[0.5, 0.5, 0.875], [0.5, 0.9375], [0.5, 0.5, 0.5]]
    table = tables.table([[5, 1, 2], [6, 3], [8, 9, 4]], marks, {"logprob": [np.log(row) for row in p]})
    manifest = Manifest(**({"name": name, "run_id": "0123456789abcdef", "settings": {"data": "demo"},
                            "model": {"name": "tiny"}, "data": {"digest": "d"}, "complete": True} | more))
    run = begin(manifest)
    run.write_shard(0, table.shards[0])
    run.finish(table._types, manifest)
    return run


# The record -----------------------------------------------------------------------------------------------------------

def test_it_says_what_made_the_rows(home, tiny_model, tmp_path):
    """Of a run scored by a real model; digests are worked out here once more."""
    asked = ScoreSettings(data="demo", model=str(tiny_model), limit=3, dtype="float32", device="cpu")
    local.score(asked, "problems")
    hand = Thresholds(reasoning=Quantile(share=0.1), overrides=(ByClass(action="keep", role="numbers"),
                                                                ByType(action="drop", token=7)))
    record = write("problems", hand, whole("parquet", drop_empty=True), tmp_path / "out")
    manifest, out = open_run("problems").manifest, tmp_path / "out"
    assert record == json.loads((out / "export.json").read_text()) and record["format_version"] == 2
    assert record["model"] == {"name": str(tiny_model), "revision": None, "commit": None, **{
        name: manifest.model[name] for name in ("digest", "tokenizer", "architecture", "context")}}
    weights = tiny_model / "model.safetensors"
    content = f"{weights.name}\0{weights.stat().st_size}\0".encode() + weights.read_bytes()
    assert record["model"]["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    template = (tiny_model / "chat_template.jinja").read_bytes()
    assert record["template"] == {"setting": "auto", "comes_to": "chat",
                                  "digest": f"sha256:{hashlib.sha256(template).hexdigest()}"}
    assert record["settings"] == manifest.settings and record["data"] == manifest.data
    assert Thresholds.model_validate(record["thresholds"]) == hand and len(record["thresholds"]["overrides"]) == 2
    assert ExportSettings.model_validate(record["export"]) == whole("parquet", drop_empty=True)
    assert record["seeds"] == {"data": {"generator": 1, "seed": 0}, "scoring": None, "export": None}
    assert record["other"] is None and record["scored"] == {"at": manifest.created, "with": manifest.version}
    assert record["versions"]["pyarrow"] == version("pyarrow") and record["versions"]["torch"] == version("torch")
    data = (out / "data.parquet").read_bytes()
    assert record["files"] == {"data.parquet": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}}


def test_it_says_what_was_left_out_and_what_the_checks_found(home, tmp_path):
    record = write(made(), THRESHOLDS, whole("jsonl", drop_empty=True), tmp_path / "out")
    assert record["counts"]["left_out"] == 1 and record["left_out_by"]["empty"] == 1
    found = {finding["check"]: finding for finding in record["preflight"]}
    assert found["eos"]["level"] == "stop" and found["eos"]["allowed"] and found["empty"]["level"] == "good"
    assert not found["empty"]["allowed"] and all(finding["sentence"] for finding in found.values())


@pytest.mark.parametrize(("kind", "columns"), [
    ("hf", {"input_ids": "list<item: int32>", "attention_mask": "list<item: int8>", "labels": "list<item: int32>"})])
def test_the_schema_names_types_and_meanings(home, tmp_path, kind, columns):
    record = write(made(), THRESHOLDS, whole(kind), tmp_path / "out")
    assert {name: told["type"] for name, told in record["schema"].items()} == columns
    everything = write(made(), THRESHOLDS, whole(kind, with_scores=True, with_weights=True), tmp_path / "more")
    assert list(everything["schema"]) == everything["columns"] and len(everything["schema"]) == 9
    assert all(told["meaning"] for told in everything["schema"].values())


@pytest.mark.parametrize("kind", ["text", "messages"])
def test_the_schema_of_messages(workplace, tmp_path, kind):
    record = write("problems", Thresholds(), whole(kind), tmp_path / "out")
    assert "trained" in record["schema"]["messages"]["meaning"] and list(record["schema"]) == record["columns"]
    assert "| `messages` |" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(("name", "content", "comes_to"), [
    ("chat_template.jinja", "{{ messages }}", "chat"),
    ("tokenizer_config.json", '{"chat_template": "{{ messages }}"}', "chat"),
    ("tokenizer_config.json", '{"chat_template": [{"name": "tools", "template": "x"}, '
                              '{"name": "default", "template": "{{ messages }}"}]}', "chat"),
    ("tokenizer_config.json", "{}", "none"), ("tokenizer_config.json", "broken", "none")])
def test_where_a_tokenizer_keeps_its_template(home, tmp_path, name, content, comes_to):
    from xtf import fingerprint

    model = tmp_path / "model"
    model.mkdir()
    for file, words in {"config.json": "{}", "model.safetensors": "", name: content}.items():
        (model / file).write_text(words)
    settings = ScoreSettings(model=str(model))
    run = made(settings=settings.model_dump(), model={
        "name": str(model), "digest": "sha256:1", "tokenizer": fingerprint.of(settings)["tokenizer"]})
    record = write(run, THRESHOLDS, whole("jsonl"), tmp_path / "out")
    digest = f"sha256:{hashlib.sha256(b'{{ messages }}').hexdigest()}" if comes_to == "chat" else None
    assert record["template"] == {"setting": "auto", "comes_to": comes_to, "digest": digest}
    (model / name).write_text("{% changed %}")  # what is there now is not what the run was scored with
    record = write(run, THRESHOLDS, whole("jsonl"), tmp_path / "out", overwrite=True)
    assert record["template"] == {"setting": "auto", "comes_to": None, "digest": None}


def test_a_template_file_and_none(home, tmp_path):
    (tmp_path / "mine.jinja").write_text("{{ messages }}")
    settings = ScoreSettings(template=str(tmp_path / "mine.jinja")).model_dump()
    record = write(made("file", settings=settings), THRESHOLDS, whole("jsonl"), tmp_path / "file")
    assert record["template"]["comes_to"] == "file"
    assert record["template"]["digest"] == f"sha256:{hashlib.sha256(b'{{ messages }}').hexdigest()}"
    record = write(made("none", settings={"template": "none"}), THRESHOLDS, whole("jsonl"), tmp_path / "none")
    assert record["template"] == {"setting": "none", "comes_to": "none", "digest": None}


def test_a_hub_models_commit_is_told(home, tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    run = made(settings={"model": "org/model", "revision": "v1"}, model={"name": "org/model",
               "digest": f"commit:{commit}", "tokenizer": f"commit:{commit}"})
    record = write(run, THRESHOLDS, whole("jsonl"), tmp_path / "out")
    assert (record["model"]["revision"], record["model"]["commit"]) == ("v1", commit)
    assert commit in (tmp_path / "out" / "README.md").read_text()


# Paths of this machine ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "local"), [
    ("/srv/anna/data.jsonl", True), ("~/data", True), ("./x", True), ("../x", True), ("a/b/c", True),
    ("sub/data.jsonl", True), ("org/model", False), ("demo", False), ("auto", False), ("embedded", False),
    ("HuggingFaceTB/SmolLM2-135M", False)])
def test_what_is_a_path(name, local):
    assert is_local(name) == local


def test_paths_are_cut_however_a_language_writes_them():
    path = "/srv/änna/se'cret \"x\"/my mödel"
    record = {"settings": {"model": path, "data": "org/data"}, "model": {"name": path}}
    told = public({**record, "sentence": f"For {path}: 1"})
    assert told["model"]["name"] == told["settings"]["model"] == "my mödel" and told["sentence"] == "For my mödel: 1"
    for written in (repr(path), json.dumps(path), json.dumps(path, ensure_ascii=False), path,
                    yaml.safe_dump(path, default_style='"', width=10**6)):
        assert "nna" not in without_paths(f"model = {written}", record)
    python = without_paths(f"model = {path!r}", record)
    assert eval(python.removeprefix("model = ")) == "my mödel"


# The card -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["hf", "parquet", "jsonl"])
def test_the_card_is_one_to_the_hub_and_to_datasets(home, tmp_path, kind):
    write(made(), THRESHOLDS, whole(kind), tmp_path / "out")
    card = DatasetCard.load(tmp_path / "out" / "README.md")
    assert (card.data.pretty_name, card.data.size_categories) == ("apples", ["n<1K"])
    assert card.data.license is None and card.data.language is None and "xtf" in card.data.tags
    (tmp_path / "out" / "state.json").unlink(missing_ok=True)  # with which datasets sends one to load_from_disk
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"), split="train")
    assert loaded["labels"][:] == [[-100, 1, -100], [-100, -100], [-100, -100, 4]]


@pytest.mark.parametrize(("examples", "size"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (123_456, "100K<n<1M"),
                                                (2 * 10**9, "n>1B")])
def test_the_size_is_a_category_of_the_hub(examples, size):
    told = yaml.safe_load(front_matter({"counts": {"examples": examples}, "run": "r", "format": "hf"}))
    assert told["size_categories"] == [size]


def test_the_card_tells_people_what_it_holds(home, tmp_path):
    write(made(), THRESHOLDS, whole("jsonl", drop_empty=True), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "2 examples, 6 tokens. Of 3 response tokens 2 are trained (66.7 %)" in card
    assert "| Knowledge novelty | `cutoff` | 2 | 50.0 % | 2 |" in card
    assert "- Of the run's examples 1 is not here (empty: 1)." in card
    assert "## What the checks before the export found" in card


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_names(home, tmp_path, name):
    run = made(settings={"data": name, "model": name, "dtype": name}, model={"name": name, "digest": name},
               data={"digest": name})
    write(run, THRESHOLDS, whole("jsonl"), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert DatasetCard.load(tmp_path / "out" / "README.md").data.license is None
    assert card.count("\n---\n") == 1 and not re.search("[\x00-\x09\x0b-\x1f\u202e]", card)
    head, rows = card.split("\n---\n")[1], [line for line in card.splitlines() if line.startswith("| ")]
    bare = re.sub(r"(`+) ?.*? ?\1(?!`)", "", head)  # code spans are taken literally
    assert "<script" not in bare and "](" not in bare
    tables_of = [row.count(" | ") for row in rows]
    assert set(tables_of) <= {1, 2, 4}


def test_sentences_with_hostile_names_are_taken_literally(home, workplace, tmp_path):
    """What carrying over says of the other tokenizer names it."""
    record = write("problems", Thresholds(), whole("jsonl"), tmp_path / "out")
    side = {"name": "<img src=x>|[a](b)", "digest": "sha256:0", "template": "chat"}
    card = text(record | {"carried": {"scored": side, "other": side, "notes": ["# note"],
                                      "sentence": "For the tokenizer of <img src=x>|[a](b), 3 are kept."}})
    assert r"\<img src=x\>\|\[a\](b), 3 are kept. \# note" in card


# The command that the card names --------------------------------------------------------------------------------------

def test_the_command_of_the_card_writes_the_same_rows(workplace, tmp_path, monkeypatch):
    hand = Thresholds(reasoning=Quantile(share=0.1), overrides=(ByClass(action="drop", role="numbers", note="é \x85"),))
    settings = whole("parquet", with_weights=True, drop_empty=True, trainer_length=1000)
    first = write("problems", hand, settings, tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    words = shlex.split(card.split("```bash\n")[1].split("\n```")[0])
    assert words[:3] == ["xtf", "export", "problems"] and words[-2:] == ["--out", "OUT"]
    monkeypatch.chdir(tmp_path / "out")
    result = CliRunner().invoke(cli, [*words[1:-1], str(tmp_path / "again")], catch_exceptions=False)
    assert result.exit_code == 0
    second = read_back(tmp_path / "again")
    assert (second["digest"], second["files"], second["thresholds"]) == (
        first["digest"], first["files"], first["thresholds"])
    assert from_yaml((tmp_path / "out" / "settings.yaml").read_text()).thresholds == hand


def test_the_command_for_another_tokenizer(workplace, tiny_model, tmp_path):
    write("problems", Thresholds(), whole("jsonl"), tmp_path / "out",
          other=OtherTokenizer(tokenizer=str(tiny_model), max_length=400, too_long="skip"))
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"--for-tokenizer {tiny_model.name} --max-length 400 --too-long skip" in card
    assert str(tiny_model) not in card and json.loads(
        (tmp_path / "out" / "export.json").read_text())["other"]["tokenizer"] == str(tiny_model)
