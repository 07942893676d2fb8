"""export.json: everything that made an export, so that it can be made again and compared (`xtf.export.verify`)."""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

import xtf
from xtf import preflight, stats, workspace
from xtf.config import ExportSettings, OtherTokenizer
from xtf.digests import sha256
from xtf.errors import StoreError
from xtf.export.content import Content
from xtf.export.provenance import described
from xtf.export.tally import Tally
from xtf.filters import Verdicts
from xtf.preflight import Finding, Rows
from xtf.store import Manifest, ScoreTable

RECORD = "export.json"
FORMAT_VERSION = 2  # of this file; to be raised when what it says comes to mean something else
LIBRARIES = ("numpy", "pandas", "pyarrow", "datasets", "transformers", "tokenizers", "torch")
#: Where a record may name a file or folder of the machine that wrote it.
_PATHS = (("settings", "data"), ("settings", "model"), ("settings", "template"), ("model", "name"),
          ("export", "held_out"), ("other", "tokenizer"), ("other", "template"), ("template", "setting"),
          ("carried", "scored", "name"), ("carried", "scored", "template"), ("carried", "other", "name"),
          ("carried", "other", "template"), ("conversations", "tokenizer", "name"),
          ("conversations", "tokenizer", "template"))
_DATA_ENDINGS = (".json", ".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".gz", ".zst", ".gguf", ".jinja", ".txt")

#: A path inside a text, a JSON or Python string, and a YAML string in ASCII.
_WRITINGS: tuple[Callable[[str], str], ...] = (
    str, lambda path: json.dumps(path)[1:-1], lambda path: json.dumps(path, ensure_ascii=False)[1:-1],
    lambda path: repr(path)[1:-1],
    lambda path: yaml.safe_dump(path, default_style='"', width=10**6).strip()[1:-1])

MEANINGS = {
    "id": "the example's id in the data",
    "input_ids": "token ids",
    "attention_mask": "1 for every token",
    "labels": "the token's id where the loss sees it, -100 elsewhere",
    "loss_weights": "1 where the loss sees the token, 0 elsewhere",
    "reasoning": "reasoning importance of the token, null where there is none",
    "p": "probability that the base model gives the token, null where there is none",
    "relevance": "task relevance of the token, null where there is none",
    "verdict": "why the token is dropped, as a sum: 1 reasoning, 2 novelty, 4 relevance, 8 by hand; 0 is not dropped",
}
_MESSAGES = {
    "text": "role and content of each turn; trained: [start, end) in characters of content; eos: whether the end of "
            "the turn is trained, null where the run had none; mixed: characters whose tokens differ, or empty",
    "messages": "role and content of each turn; train: whether any of it is trained; train_detail: which characters, "
                "both ends included, empty where all of them are",
}


def built(manifest: Manifest, table: ScoreTable, verdicts: Verdicts, content: Content, tally: Tally,
          settings: ExportSettings, other: OtherTokenizer | None, findings: Sequence[Finding],
          folder: Path) -> dict[str, Any]:
    """What export.json says of the data in `folder`. `counts` are those of the exported rows, `summary` of the run."""
    rows = content.rows
    return {
        "format_version": FORMAT_VERSION, "format": settings.format, "export": settings.model_dump(mode="json"),
        "columns": content.columns.names, "schema": _schema(content.columns, settings), "digest": tally.digest,
        "files": files(folder), "counts": _counts(table, rows, tally),
        "left_out_by": dict(rows.left_out_by), "partial": _partial(manifest, table),
        "thresholds": verdicts.thresholds.model_dump(mode="json"),
        "preflight": preflight.record(findings, settings.allow),
        "run": manifest.name, "run_id": manifest.run_id, "scored": {"at": manifest.created, "with": manifest.version},
        **described(manifest), "data": manifest.data, "settings": manifest.settings,
        "other": other.model_dump(mode="json") if other else None, **content.record,
        "summary": stats.summary(table, verdicts), "created": workspace.now(),
        "versions": {"xtf": xtf.__version__, **{name: version(name) for name in LIBRARIES}}}


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Puts export.json into the folder."""
    (folder / RECORD).write_text(json.dumps(record, indent=2, allow_nan=False), encoding="utf-8")


def read_record(folder: Path) -> dict[str, Any]:
    """Raises: StoreError where there is no export, or one whose record cannot be read."""
    try:
        found = workspace.read_json(folder / RECORD)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreError(f"{folder} is not a complete export: {folder / RECORD} is missing.") from error
    except (OSError, ValueError) as error:
        raise StoreError(f"The export {folder} cannot be read ({error}): write it again.") from error
    if not isinstance(found, dict):
        raise StoreError(f"The export {folder} cannot be read ({RECORD} is no record): write it again.")
    return found


def files(folder: Path) -> dict[str, dict[str, Any]]:
    """Every file in a folder by its name: `bytes` and `sha256`."""
    return {path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in sorted(folder.rglob("*")) if path.is_file()}


def public(record: dict[str, Any]) -> dict[str, Any]:
    """The same record for other people: of paths on this machine, only the last name is left."""
    found: dict[str, Any] = json.loads(without_paths(json.dumps(record), record))
    return found


def without_paths(text: str, record: dict[str, Any]) -> str:
    """`text` with the paths that `record` names cut to their last names, however its language writes them."""
    names: dict[str, str] = {}
    for given in _local_paths(record):
        full = workspace.expanded(given)
        for path in (given, str(full.absolute()), str(full.resolve())):
            if Path(path).name:
                names |= {write(path): write(Path(path).name) for write in _WRITINGS}
    for path in sorted(names, key=len, reverse=True):
        text = text.replace(path, names[path])
    return text


def _local_paths(record: dict[str, Any]) -> Iterator[str]:
    for keys in _PATHS:
        value: Any = record
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and is_local(value):
            yield value


def is_local(name: str) -> bool:
    """Whether a name is that of a file or folder rather than a hub id or a word."""
    return "/" in name and (name.startswith(("/", "~", "./", "../")) or name.count("/") > 1
                            or name.lower().endswith(_DATA_ENDINGS) or workspace.expanded(name).exists())


def _schema(columns: pa.Schema, settings: ExportSettings) -> dict[str, dict[str, str]]:
    meanings = MEANINGS | {"messages": _MESSAGES.get(settings.format, "")}
    return {field.name: {"type": str(field.type), "meaning": meanings[field.name]} for field in columns}


def _counts(table: ScoreTable, rows: Rows, tally: Tally) -> dict[str, Any]:
    trainable = int(rows.numbers["trainable"].sum())
    return {"examples": tally.examples, "left_out": len(table) - tally.examples, "tokens": tally.tokens,
            "trainable": trainable, "kept": tally.kept, "dropped": trainable - tally.kept,
            "kept_share": tally.kept / trainable if trainable else 0.0, "examples_without_kept": tally.without_kept,
            "longest": rows.longest}


def _partial(manifest: Manifest, table: ScoreTable) -> dict[str, int | None] | None:
    """Of an unfinished run: what was scored of it, and of how much; None where it is finished."""
    if manifest.complete:
        return None
    return {"examples": len(table), "of_examples": manifest.counts.get("examples"),
            "tokens": int(table.offsets[-1]), "of_tokens": manifest.counts.get("tokens")}
