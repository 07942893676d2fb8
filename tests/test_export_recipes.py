"""Recipes beside an export: which there are, what they say, and that no name breaks out of its string."""

import ast
import re
from types import SimpleNamespace

import pytest
import yaml

from xtf.export import recipes

EXACT = ["input_ids", "attention_mask", "labels"]
HOSTILE = [
    'a"; import os; os.system("true") #', "it's", "a\nb: [c]\r\n- d", "a\\", "\\", '\\"', "'''", '"""', "$model",
    "${oc.env:HOME}", "\\${x}", "\\\\${x}", "{{ x }}", "%s %(x)s", "# no", "- a", "a: b", "!!python/object:os.system",
    "&a", "*a", "~", "null", "yes", "1e3", "", " ", "\t", "\x00", "\x7f", "\x85", "\u2028", "\ufeff",
    "שלום", "🙂", "\udc80"]


def record(format: str = "hf", columns: list[str] | None = None, run: str = "apples", other: dict | None = None,
           export: dict | None = None, longest: int = 7, **scored) -> dict:
    """The parts of an export.json that recipes are made from."""
    return {"format": format, "columns": columns or EXACT, "run": run, "digest": "0123456789abcdef" * 4, "other": other,
            "export": export or {}, "counts": {"examples": 3, "longest": longest}, "settings": scored,
            "model": {"context": 512}}


def written(folder, **parts) -> dict[str, str]:
    """Name → text of the recipes for such a record."""
    return {path.name: path.read_text(encoding="utf-8") for path in recipes.write(folder, record(**parts))}


def constants(source: str) -> dict[str, object]:
    """Name → value of what a script sets to a literal at its top."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                pass
    return found


@pytest.mark.parametrize("format, columns, expected", [
    ("hf", EXACT, ["axolotl.yaml", "llamafactory.yaml", "train_transformers.py", "train_trl.py"]),
    ("parquet", EXACT, ["axolotl.yaml", "train_transformers.py", "train_trl.py"]),
    ("jsonl", EXACT, ["axolotl.yaml", "train_transformers.py", "train_trl.py"]),
    ("hf", [*EXACT, "loss_weights"], ["train_transformers.py", "train_trl.py"]),
    ("jsonl", ["id", *EXACT, "p"], ["train_transformers.py", "train_trl.py"]),
    ("text", ["id", "messages"], ["train_transformers.py"]),
    ("messages", ["messages"], ["axolotl.yaml"]),
])
def test_there_are_the_recipes_that_fit(tmp_path, format, columns, expected):
    texts = written(tmp_path, format=format, columns=columns)
    assert sorted(texts) == ["README.md", *expected]
    listed = re.findall(r"^- `(\S+)`: `(.+)`$", texts["README.md"], re.MULTILINE)
    assert sorted(name for name, _ in listed) == expected
    assert all(f"recipes/{name}" in command for name, command in listed)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("format", ["hf", "parquet", "text", "messages"])
def test_no_name_breaks_out_of_its_string(tmp_path, monkeypatch, format, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    texts = written(tmp_path / "out", format=format, model=value, revision=value, run=value)
    for name, text in texts.items():
        if name.endswith(".py"):
            assert constants(text)["REVISION"] == value
            assert constants(text)["MODEL"] == value or value in ("", "~")  # those are folders
        elif name == "axolotl.yaml":
            said = yaml.safe_load(text)
            assert said["revision_of_model"] == value
            assert re.fullmatch(r"\.\./[\w.-]+-axolotl", said["output_dir"])
        elif name == "llamafactory.yaml":
            assert yaml.safe_load(text)["model_revision"] == value


def test_code_of_a_recipe_does_not_depend_on_names(tmp_path):
    def code(folder, **parts):
        folder.mkdir()
        tree = ast.parse(written(folder, **parts)["train_trl.py"])
        return [ast.dump(node) for node in tree.body if not isinstance(node, ast.Assign)]

    assert code(tmp_path / "a", model="org/name") == code(tmp_path / "b", model=HOSTILE[0], run=HOSTILE[2])


def test_the_model_is_the_one_that_will_be_trained(tmp_path):
    scored = {"model": "org/scored", "revision": "r1", "trust_remote_code": True}
    said = constants(written(tmp_path, **scored)["train_trl.py"])
    assert (said["MODEL"], said["REVISION"], said["TRUST_REMOTE_CODE"]) == ("org/scored", "r1", True)
    other = {"tokenizer": "org/trained", "revision": None, "trust_remote_code": False}
    said = constants(written(tmp_path, other=other, **scored)["train_trl.py"])
    assert (said["MODEL"], said["REVISION"], said["TRUST_REMOTE_CODE"]) == ("org/trained", None, False)


@pytest.mark.parametrize("format, name", [
    ("hf", "train_trl.py"), ("hf", "train_transformers.py"), ("text", "train_transformers.py")])
def test_code_of_one_model_is_no_leave_to_run_that_of_another(tmp_path, format, name):
    text = written(tmp_path, format=format, model="org/scored", revision="r1", trust_remote_code=True)[name]
    function, = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == "source")
    names = constants(text)
    exec(ast.unparse(function), names)
    assert names["source"](SimpleNamespace(model="org/scored")) == {"revision": "r1", "trust_remote_code": True}
    assert names["source"](SimpleNamespace(model="org/other")) == {"revision": None, "trust_remote_code": False}


def test_a_hub_model_is_the_commit_that_was_scored(tmp_path):
    told = record(model="org/scored", revision="main") | {"model": {"commit": "c0ffee"}}
    recipes.write(tmp_path, told)
    assert constants((tmp_path / "recipes" / "train_trl.py").read_text())["REVISION"] == "c0ffee"


def test_the_embedded_model_is_named_as_the_hub_does(tmp_path):
    texts = written(tmp_path, model="embedded")
    assert constants(texts["train_trl.py"])["MODEL"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert yaml.safe_load(texts["llamafactory.yaml"])["model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_a_local_model_is_found_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    texts = written(tmp_path, model="models/mine")
    assert constants(texts["train_transformers.py"])["MODEL"] == str(tmp_path / "models" / "mine")


def test_a_gguf_file_is_not_trained(tmp_path):
    texts = written(tmp_path, model="some/where.gguf")
    assert constants(texts["train_trl.py"])["MODEL"] is None
    assert yaml.safe_load(texts["axolotl.yaml"])["base_model"] is None
    assert "name the original model with `--model`" in texts["README.md"]


@pytest.mark.parametrize("asked, length, excess", [
    (None, 1500, "raise"), (2048, 2048, "raise"), (1000, 1000, "truncate")])
def test_the_length_is_the_longest_row_or_what_was_asked_for(tmp_path, asked, length, excess):
    texts = written(tmp_path, longest=1500, export={"trainer_length": asked})
    said = constants(texts["train_trl.py"])
    assert (said["LONGEST"], said["LENGTH"]) == (1500, length)
    axolotl = yaml.safe_load(texts["axolotl.yaml"])
    assert (axolotl["sequence_len"], axolotl["excess_length_strategy"]) == (length, excess)


def test_settings_that_keep_labels_are_there(tmp_path):
    texts = written(tmp_path)
    axolotl, factory = yaml.safe_load(texts["axolotl.yaml"]), yaml.safe_load(texts["llamafactory.yaml"])
    assert axolotl["datasets"] == [{"path": ".", "ds_type": None, "split": "train", "type": None}]
    assert "0123456789abcdef" in axolotl["dataset_prepared_path"]
    assert (factory["tokenized_path"], factory["packing"], factory["template"]) == (".", False, "empty")
    for said in (axolotl, factory):
        assert said["output_dir"].startswith("../")
    assert yaml.safe_load(written(tmp_path, format="jsonl")["axolotl.yaml"])["datasets"][0] == {
        "path": "data.jsonl", "ds_type": "json", "split": "train", "type": None}
