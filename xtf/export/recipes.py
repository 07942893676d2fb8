"""Ready-to-run recipes beside an export: for TRL, transformers' Trainer, Axolotl and LLaMA-Factory.

Each is a file of `recipes_files/` in which `$name` stands for a value. Values are put in by `_filled` alone, as
literals of the file's language, so no name can end its string and become code.
"""

import re
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import yaml

from xtf import workspace

#: What the embedded model is called where trainers look for models.
EMBEDDED = "HuggingFaceTB/SmolLM2-135M-Instruct"
FOLDER = "recipes"
_EXACT = ["input_ids", "attention_mask", "labels"]
_TRL, _TRAINER, _AXOLOTL, _FACTORY = "train_trl.py", "train_transformers.py", "axolotl.yaml", "llamafactory.yaml"
_FITTING = {"hf": (_TRL, _TRAINER, _AXOLOTL, _FACTORY), "parquet": (_TRL, _TRAINER, _AXOLOTL),
            "jsonl": (_TRL, _TRAINER, _AXOLOTL), "text": (_TRAINER,), "messages": (_AXOLOTL,)}
#: Their collators fail on any column but the three, Axolotl's when it packs.
_ONLY_EXACT = (_AXOLOTL, _FACTORY)
#: Templates that are other files than their recipe's name says.
_TEMPLATES = {("text", _TRAINER): "train_text.py", ("messages", _AXOLOTL): "axolotl_messages.yaml"}
_COMMANDS = {_TRL: "python recipes/train_trl.py", _TRAINER: "python recipes/train_transformers.py",
             _AXOLOTL: "axolotl train recipes/axolotl.yaml",
             _FACTORY: "llamafactory-cli train recipes/llamafactory.yaml"}


def write(folder: Path, record: dict[str, Any]) -> list[Path]:
    """Writes the recipes that fit into `folder`/recipes and returns their paths. `record` is what export.json says."""
    names = fitting(record["format"], record["columns"])
    target = folder / FOLDER
    target.mkdir(exist_ok=True)
    values = _values(record)
    written = [_put(target / name, _filled(_TEMPLATES.get((record["format"], name), name), values)) for name in names]
    return [*written, _put(target / "README.md", _readme(names, record))]


def fitting(format: str, columns: list[str]) -> list[str]:
    """File names of the recipes for an export of this format with these columns."""
    extra = format not in ("text", "messages") and list(columns) != _EXACT
    return [name for name in _FITTING[format] if not (extra and name in _ONLY_EXACT)]


def _put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _values(record: dict[str, Any]) -> dict[str, Any]:
    """Name → value, for all recipes."""
    model, revision, trust = _model(record)
    return {"format": record["format"], "model": model, "revision": revision, "trust_remote_code": trust,
            **_lengths(record), **_template(record), **_axolotl_data(record["format"]), **_places(record)}


def _lengths(record: dict[str, Any]) -> dict[str, Any]:
    """In tokens. `limit` is what text is cut to: as asked, else what the run was cut to or its model takes."""
    longest, asked = record["counts"]["longest"], record["export"].get("trainer_length")
    length = asked or longest
    scored = [limit for limit in (record["settings"].get("max_length"), record["model"].get("context")) if limit]
    return {"longest": longest, "length": length, "excess": "raise" if length >= longest else "truncate",
            "limit": asked or min(scored, default=None)}


def _template(record: dict[str, Any]) -> dict[str, Any]:
    """The run's chat template, and whether its end-of-turn token is trained."""
    name = record["settings"].get("template", "auto")
    path = workspace.expanded(name)
    file = name not in ("auto", "none")
    if file and path.is_file():
        name = str(path.resolve())
    return {"template": name, "chat_template": "jinja" if file else "tokenizer_default",
            "chat_template_jinja": name if file else None,
            "train_on_eos": "turn" if record["settings"].get("eos", True) else "none"}


def _axolotl_data(format: str) -> dict[str, Any]:
    """Axolotl opens a folder of save_to_disk by its path, and a file by path and kind."""
    if format == "hf":
        return {"path": ".", "ds_type": None}
    return {"path": "data.parquet", "ds_type": "parquet"} if format == "parquet" else {
        "path": "data.jsonl", "ds_type": "json"}


def _places(record: dict[str, Any]) -> dict[str, Any]:
    """Folders beside the export, from inside it, for what is trained: an overwrite deletes the export's own."""
    beside = "../" + (re.sub(r"[^\w.-]+", "-", record["run"])[:60].strip(".-") or "run")
    return {"prepared": f"{beside}-axolotl/prepared-{record['digest'][:16]}", "for_axolotl": f"{beside}-axolotl",
            "for_llamafactory": f"{beside}-llamafactory"}


def _model(record: dict[str, Any]) -> tuple[str | None, str | None, bool]:
    """The model that will be trained: name or folder, revision, and whether code that comes with it is run.

    None for a name where the run was scored from a GGUF file, which no trainer takes.
    """
    other, scored = record.get("other"), record["settings"]
    name, source = (other["tokenizer"], other) if other else (scored.get("model", "embedded"), scored)
    if name == "embedded":
        return EMBEDDED, None, False
    path = workspace.expanded(name)
    if path.suffix == ".gguf":
        return None, None, False
    if path.is_dir():
        name = str(path.resolve())  # a recipe is not run from where the run was scored
    # A branch moves on; what was scored is known by its commit.
    commit = None if other else record["model"].get("commit")
    return name, commit or source.get("revision"), bool(source.get("trust_remote_code"))


def _filled(name: str, values: dict[str, Any]) -> str:
    literal = repr if name.endswith(".py") else _yaml
    text = resources.files("xtf.export").joinpath(f"recipes_files/{name}.template").read_text(encoding="utf-8")
    return Template(text).substitute({key: literal(value) for key, value in values.items()})


def _yaml(value: Any) -> str:
    """`value` as YAML on one line, a string always in double quotes and in ASCII."""
    style = '"' if isinstance(value, str) else None
    dumped = yaml.safe_dump(value, default_style=style, width=float("inf"), allow_unicode=False)
    return dumped.removesuffix("...\n").strip()


_WHY_NOT = {
    _TRL: "TRL makes its own labels from text", _AXOLOTL: "Axolotl takes tokenised rows with exactly the columns "
    "input_ids, attention_mask and labels", _FACTORY: "LLaMA-Factory takes tokenised rows from the format hf only, "
    "with exactly the columns input_ids, attention_mask and labels"}


def _readme(names: list[str], record: dict[str, Any]) -> str:
    counts = record["counts"]
    lines = ["# Recipes", "", "Each trains a LoRA adapter (rank 16) on the labels of this export "
             f"({counts['examples']:,} rows, the longest of {counts['longest']:,} tokens). Run it from the export's "
             "folder; the adapter goes into a folder beside it. In each file, comments say which settings keep the "
             "labels as they are.", ""]
    if _model(record)[0] is None:
        lines += ["The run was scored with a GGUF file, which trainers do not take: name the original model with "
                  "`--model`, for Axolotl `--base-model`, for LLaMA-Factory `model_name_or_path=`.", ""]
    lines += [f"- `{name}`: `{_COMMANDS[name]}`" for name in names]
    lines += [f"- no `{name}`: {why}" for name, why in _WHY_NOT.items() if name not in names]
    return "\n".join(lines) + "\n"
