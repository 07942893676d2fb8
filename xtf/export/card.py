"""README.md of an export: a dataset card as the Hugging Face hub reads it, and for people who did not make the run."""

import shlex
from pathlib import Path
from typing import Any

import yaml

from xtf import argv, saved
from xtf.config import ATTRIBUTES, PRESETS, ExportSettings, OtherTokenizer, Thresholds, settings
from xtf.export.formats import FORMATS
from xtf.export.record import RECORD, public
from xtf.markdown import CONTROLS, code, fenced, plain, sentence, table
from xtf.words import TITLES, count, percent

CARD, SETTINGS = "README.md", "settings.yaml"
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
          (10**8, "10M<n<100M"), (10**9, "100M<n<1B"))
_LABELS = """\
from transformers import AutoTokenizer
from xtf.export.text import labeller

labels = labeller(AutoTokenizer.from_pretrained("MODEL"))
rows = dataset.map(lambda row: dict(zip(("input_ids", "labels"), labels(row))), remove_columns=dataset.column_names)
"""


def text(record: dict[str, Any]) -> str:
    """The card of the export that `record` describes. Of paths on this machine only the last names are told."""
    told = public(record)
    parts = [f"---\n{front_matter(told)}---", f"# {plain(told['run'])}, masked for training", _summary(told),
             *_carried(told), *_conversations(told), *_unfinished(told), "## Columns", _columns(told),
             "## How to load it", _loading(told),
             "## How it was made", _making(told), "## What was dropped, and why", _attributes(told), *_findings(told),
             "## Limits", _limits(told)]
    return "\n\n".join(parts) + "\n"


def write_card(folder: Path, record: dict[str, Any]) -> None:
    """Puts the card into the folder, and the thresholds as a file that its command line names."""
    (folder / SETTINGS).write_text(settings_file(record), encoding="utf-8")
    (folder / CARD).write_text(text(record), encoding="utf-8")


def front_matter(record: dict[str, Any]) -> str:
    """The card's metadata as YAML."""
    examples = record["counts"]["examples"]
    size = next((name for limit, name in _SIZES if examples < limit), "n>1B")
    values = {"pretty_name": CONTROLS.sub(" ", record["run"]), "task_categories": ["text-generation"],
              "size_categories": [size], "tags": ["xtf", "token-filtering", "loss-masking"],
              "configs": [{"config_name": "default", "data_files": FORMATS[record["format"]].data}]}
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10**6)


def settings_file(record: dict[str, Any]) -> str:
    """The thresholds as a file for `xtf export RUN --settings FILE`."""
    thresholds = settings(Thresholds, record["thresholds"])
    bare = thresholds.model_copy(update={"overrides": ()})
    preset = next((name for name, (_, preset) in PRESETS.items() if preset == bare), saved.DEFAULT_PRESET)
    return saved.text(saved.Saved(xtf=record["versions"]["xtf"], created=record["created"], preset=preset,
                                  run=saved.Origin(name=record["run"], id=record["run_id"]), thresholds=thresholds))


def command(record: dict[str, Any]) -> str:
    """The command line that writes the same rows again, given `settings.yaml` and the run."""
    words = ["xtf", "export", record["run"], "--settings", SETTINGS,
             *argv.of_settings(settings(ExportSettings, record["export"]))]
    if record["other"]:
        other = settings(OtherTokenizer, record["other"])
        words += ["--for-tokenizer", other.tokenizer, *argv.of_settings(other, skip="tokenizer")]
    return shlex.join([*words, "--out", "OUT"])


def _summary(record: dict[str, Any]) -> str:
    counts, model = record["counts"], record["model"]
    return (f"{count(counts['examples'])} examples, {count(counts['tokens'])} tokens. Of "
            f"{count(counts['trainable'])} response tokens {count(counts['kept'])} are trained "
            f"({percent(counts['kept_share'])}); the others were dropped by token scores of the base model "
            f"{code(model['name'])}. Written by XTF {record['versions']['xtf']}.")


def _carried(record: dict[str, Any]) -> list[str]:
    if "carried" not in record:
        return []
    found = record["carried"]
    scored, other = found["scored"], found["other"]
    return [f"The ids are those of the tokenizer of {code(other['name'])} ({code(other['digest'])}, template "
            f"{code(other['template'])}). The tokens were scored with {code(scored['name'])} and its own tokenizer "
            f"({code(scored['digest'])}, template {code(scored['template'])}), and the verdicts carried over by the "
            f"characters of the responses. {sentence(' '.join([found['sentence'], *found['notes']]))}"]


def _conversations(record: dict[str, Any]) -> list[str]:
    """Of messages: how exactly the characters give the run's labels back."""
    return [sentence(record["conversations"]["sentence"])] if "conversations" in record else []


def _unfinished(record: dict[str, Any]) -> list[str]:
    partial = record["partial"]
    if partial is None:
        return []
    whole = count(partial["of_examples"]) if partial["of_examples"] else "an unknown number of"
    return [f"Scoring was not finished: these are the first {count(partial['examples'])} of {whole} examples."]


def _columns(record: dict[str, Any]) -> str:
    return table(("column", "type", "meaning"), (
        (code(name), code(told["type"]), told["meaning"]) for name, told in record["schema"].items()))


def _loading(record: dict[str, Any]) -> str:
    here = {"hf": 'dataset = datasets.load_from_disk(".")'}.get(
        record["format"], 'dataset = datasets.load_dataset(".", split="train")')
    labels = f"Labels for any tokenizer:\n\n```python\n{_LABELS}```\n\n" if record["format"] == "text" else ""
    return (f"In this folder:\n\n```python\nimport datasets\n\n{here}\n```\n\n{labels}"
            'From the hub: `datasets.load_dataset("OWNER/NAME", split="train")`.')


def _making(record: dict[str, Any]) -> str:
    return (f"{fenced(command(record))}\n\n"
            f"`{SETTINGS}` holds the thresholds; the run was scored with:\n\n{_provenance(record)}\n\n"
            f"`{RECORD}` says all of it. With the run at hand, `xtf verify .` makes the rows again and compares them.")


def _provenance(record: dict[str, Any]) -> str:
    model, asked, template = record["model"], record["settings"], record["template"]
    rows = {
        "run": f"{code(record['run'])} ({code(record['run_id'])})", "model": code(model["name"]),
        "revision": " ".join(code(value) for value in (model["revision"], model["commit"]) if value),
        "weights": code(model.get("digest")), "tokenizer": code(model.get("tokenizer")),
        "number format": code(asked.get("dtype")),
        "chat template": " ".join(code(value) for value in (template["comes_to"], template["digest"]) if value),
        "data": code(asked.get("data")), "data digest": code(record["data"].get("digest")),
        "data seed": code(record["seeds"]["data"]["seed"]) if record["seeds"]["data"] else "none",
        "rows digest": code(record["digest"]),
        "verdicts by hand": count(len(record["thresholds"]["overrides"])), "written": code(record["created"])}
    return table(("what", "value"), ((name, value) for name, value in rows.items() if value and value != "``"))


def _attributes(record: dict[str, Any]) -> str:
    summary = record["summary"]
    rows = [(TITLES[name], code(record["thresholds"][name]["kind"]), count(found["dropped"]), percent(found["share"]),
             count(found["alone"])) for name in ATTRIBUTES for found in (summary["attributes"][name],)]
    rows.append(("By hand", "", count(summary["by_hand"]["dropped"]),
                 percent(summary["by_hand"]["dropped"] / max(1, summary["trainable"])),
                 count(summary["by_hand"]["alone"])))
    notes = "".join(f"\n- {sentence(note)}" for note in summary["notes"])
    return (f"Of the {count(summary['trainable'])} response tokens of the whole run, before any example is left out:"
            f"\n\n{table(('attribute', 'rule', 'dropped', 'share', 'by it alone'), rows)}"
            + (f"\n{notes}" if notes else ""))


def _findings(record: dict[str, Any]) -> list[str]:
    worth = [finding for finding in record["preflight"] if finding["level"] != "good"]
    if not worth:
        return []
    lines = [f"- {sentence(finding['sentence'])}{' Exported all the same.' if finding['allowed'] else ''}"
             for finding in worth]
    return ["## What the checks before the export found", "\n".join(lines)]


def _limits(record: dict[str, Any]) -> str:
    left_out = record["counts"]["left_out"]
    reasons = ", ".join(f"{name}: {count(number)}" for name, number in record["left_out_by"].items() if number)
    lines = ["The labels hold what one base model's scores say at these thresholds; another model would say otherwise.",
             "Licence and language are those of the data that was scored; this card does not know them.",
             *([f"Of the run's examples {count(left_out)} {'is' if left_out == 1 else 'are'} not here"
                f"{f' ({reasons})' if reasons else ''}."] if left_out else [])]
    return "\n".join(f"- {line}" for line in lines)
