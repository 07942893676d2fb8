"""Writing and checking an export folder: complete and read back, or not there at all."""

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pyarrow as pa

import xtf
from xtf import filters, preflight, runs, stats, workspace
from xtf.config import ExportSettings, OtherTokenizer, Thresholds
from xtf.errors import StoreError
from xtf.export.content import AsScored, CarriedOver, Content
from xtf.export.formats import FORMATS
from xtf.export.rows import Tally
from xtf.filters import Verdicts
from xtf.progress import Progress, silent
from xtf.store import Manifest, ScoreTable

RECORD = "export.json"


class RunLike(Protocol):
    """What an export needs of a run."""

    @property
    def manifest(self) -> Manifest: ...

    def table(self) -> ScoreTable: ...

    def verify(self) -> None: ...


def write(run: str | RunLike, thresholds: Thresholds, settings: ExportSettings, out: Path | str, *,
          overwrite: bool = False, other: OtherTokenizer | None = None, progress: Progress = silent) -> dict[str, Any]:
    """Writes the folder `out` (see `xtf.export.formats`) and returns what its export.json says.

    A row is an example: input_ids, attention_mask and labels, lists of T numbers; labels are the token's id where the
    loss sees it and -100 elsewhere. `settings` say what comes beside them, and which examples are left out.
    `overwrite` replaces an earlier export, which stays whole until the new one is written and read back. `other`
    carries the verdicts over to another tokenizer, in whose ids the rows then are (see `xtf.carry`). `progress` counts
    tokens of the run.

    Raises: SettingsError for what `xtf.preflight` stops at, settings that leave nothing, or scores with `other`;
    StoreError if `out` exists, cannot be written, or does not read back as it was written, or if the run is damaged;
    with `other`, as `xtf.carry.build` and `xtf.carry.examples`. Nothing half-written stays.
    """
    out = Path(out).expanduser().resolve()
    _check(out, overwrite)
    opened: RunLike = runs.open_run(run) if isinstance(run, str) else run
    table = opened.table()
    opened.verify()
    verdicts = filters.judge(table, thresholds)
    preflight.refuse(preflight.check(opened.manifest, table, verdicts, settings, other), settings.allow)
    content: Content = (CarriedOver(opened.manifest, table, verdicts, other, settings) if other
                        else AsScored(table, verdicts, settings))
    building = out.with_name(f".{out.name}-{uuid4().hex[:8]}")
    try:
        building.mkdir(parents=True)
        tally = _write_data(content, len(table.ids), settings.format, building, progress)
        record = _record(opened.manifest, table, verdicts, content, tally, settings)
        _describe(building, record, content.card)
        verify(building, progress=progress)
        _publish(building, out)
    except OSError as error:
        raise workspace.disk_error(out, error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return record


def verify(folder: Path | str, *, progress: Progress = silent) -> dict[str, Any]:
    """Reads an export back and returns its export.json. Raises: StoreError if it is none, or if its rows are not
    those that were written."""
    folder = Path(folder)
    try:
        record = workspace.read_json(folder / RECORD)
        expected, total = record["digest"], record["counts"]["tokens"]
        tally = Tally()
        for batch in FORMATS[record["format"]].read(folder):
            tally.add(batch)
            progress(tally.tokens, total, "checking")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreError(f"{folder} is not a complete export: {error.filename or error} is missing.") from error
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise StoreError(f"The export {folder} cannot be read ({error}): write it again.") from error
    if tally.digest != expected:
        raise StoreError(f"The export {folder} does not hold what was written to it: write it again.")
    return dict(record)


def _check(out: Path, overwrite: bool) -> None:
    if not out.exists():
        return
    if not overwrite:
        raise StoreError(f"{out} exists: choose another folder, or overwrite it.")
    # Whatever is there is deleted in the end, so it must be an export or nothing.
    if not out.is_dir() or (any(out.iterdir()) and not (out / RECORD).is_file()):
        raise StoreError(f"{out} is not an export, so it is not overwritten: choose another folder.")


def _write_data(content: Content, total: int, format: str, folder: Path, progress: Progress) -> Tally:
    tally = Tally()

    def told() -> Any:
        for done, batch in content.batches():
            progress(done, total, "writing")
            yield batch

    FORMATS[format].write(content.columns, tally.passed(told()), folder)
    return tally


def _record(manifest: Manifest, table: ScoreTable, verdicts: Verdicts, content: Content, tally: Tally,
            settings: ExportSettings) -> dict[str, Any]:
    """What export.json says. `counts` are those of the exported rows, `summary` those of the run."""
    trainable = content.trainable
    return {
        "format": settings.format, "export": settings.model_dump(mode="json"), "columns": content.columns.names,
        "digest": tally.digest,
        "counts": {"examples": tally.examples, "left_out": len(table) - tally.examples, "tokens": tally.tokens,
                   "trainable": trainable, "kept": tally.kept, "dropped": trainable - tally.kept,
                   "kept_share": tally.kept / trainable if trainable else 0.0,
                   "examples_without_kept": tally.without_kept},
        "partial": _partial(manifest, table),
        "thresholds": verdicts.thresholds.model_dump(mode="json"),
        "run": manifest.name, "run_id": manifest.run_id, "model": manifest.model, "data": manifest.data,
        "settings": manifest.settings, "summary": stats.summary(table, verdicts), **content.record,
        "created": workspace.now(),
        "versions": {"xtf": xtf.__version__, **{name: version(name) for name in ("numpy", "pyarrow", "datasets")}}}


def _partial(manifest: Manifest, table: ScoreTable) -> dict[str, int | None] | None:
    """Of an unfinished run: what was scored of it, and of how much; None where it is finished."""
    if manifest.complete:
        return None
    return {"examples": len(table), "of_examples": manifest.counts.get("examples"),
            "tokens": int(table.offsets[-1]), "of_tokens": manifest.counts.get("tokens")}


def _describe(folder: Path, record: dict[str, Any], card: str) -> None:
    counts = record["counts"]
    text = (f"---\nconfigs:\n- config_name: default\n  data_files: \"{FORMATS[record['format']].data}\"\n---\n\n"
            f"Masked training data written by XTF {record['versions']['xtf']}: {counts['examples']} examples, "
            f"{counts['kept']} of {counts['trainable']} response tokens trained.\n\n"
            f"{_partial_card(record['partial'])}{card}"
            "`labels` is the token's id where the loss sees it and -100 elsewhere. "
            f"What made this dataset is in `{RECORD}`.\n")
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / RECORD).write_text(json.dumps(record, indent=2, allow_nan=False), encoding="utf-8")


def _partial_card(partial: dict[str, int | None] | None) -> str:
    if partial is None:
        return ""
    whole = f"{partial['of_examples']:,}" if partial["of_examples"] else "an unknown number of"
    return f"Scoring was not finished: these are the first {partial['examples']:,} of {whole} examples.\n\n"


def _publish(building: Path, out: Path) -> None:
    """Renames the finished folder to its name; an earlier export is moved away first and deleted last."""
    for path in building.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if not out.exists():
        os.rename(building, out)
        return
    earlier = out.with_name(f"{building.name}-earlier")
    os.rename(out, earlier)
    try:
        os.rename(building, out)
    except OSError:
        os.rename(earlier, out)
        raise
    shutil.rmtree(earlier)
