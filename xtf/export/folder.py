"""Writing and checking an export folder: complete and read back, or not there at all."""

import json
import os
import shutil
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import numpy as np
import pyarrow as pa

import xtf
from xtf import filters, runs, stats, workspace
from xtf.config import Thresholds
from xtf.errors import SettingsError, StoreError
from xtf.export.formats import FORMATS
from xtf.export.rows import Tally, batches, chosen, schema
from xtf.filters import Verdicts
from xtf.progress import Progress, silent
from xtf.store import Manifest, ScoreTable

RECORD = "export.json"


class RunLike(Protocol):
    """What an export needs of a run."""

    @property
    def manifest(self) -> Manifest: ...

    def table(self) -> ScoreTable: ...


def write(run: str | RunLike, thresholds: Thresholds, format: str, out: Path | str, *, with_scores: bool = False,
          drop_empty: bool = False, overwrite: bool = False, progress: Progress = silent) -> dict[str, Any]:
    """Writes the folder `out` (see `xtf.export.formats`) and returns what its export.json says.

    A row is an example: input_ids, attention_mask and labels, lists of T numbers; labels are the token's id where the
    loss sees it and -100 elsewhere. `with_scores` adds id, reasoning, p, relevance and verdict (bits, 0 = kept).
    `drop_empty` leaves out examples without a kept token. `overwrite` replaces an earlier export, which stays whole
    until the new one is written and read back. `progress` counts tokens.

    Raises: SettingsError for an unknown format or settings that leave nothing; StoreError if `out` exists, cannot be
    written, or does not read back as it was written. Nothing half-written stays.
    """
    out = Path(out).expanduser().resolve()
    _check(format, out, overwrite)
    opened: RunLike = runs.open_run(run) if isinstance(run, str) else run
    table = opened.table()
    verdicts = filters.judge(table, thresholds)
    rows = chosen(table, verdicts, drop_empty)
    if not rows.any():
        raise SettingsError("At these settings no example keeps a token, so nothing would be exported: drop less.")
    building = out.with_name(f".{out.name}-{uuid4().hex[:8]}")
    try:
        building.mkdir(parents=True)
        tally = _write_data(table, verdicts, rows, format, building, with_scores, progress)
        record = _record(opened.manifest, table, verdicts, rows, tally, format, with_scores)
        _describe(building, record)
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


def _check(format: str, out: Path, overwrite: bool) -> None:
    if format not in FORMATS:
        raise SettingsError(f"There is no format {format!r}: choose {', '.join(FORMATS)}.")
    if not out.exists():
        return
    if not overwrite:
        raise StoreError(f"{out} exists: choose another folder, or overwrite it.")
    # Whatever is there is deleted in the end, so it must be an export or nothing.
    if not out.is_dir() or (any(out.iterdir()) and not (out / RECORD).is_file()):
        raise StoreError(f"{out} is not an export, so it is not overwritten: choose another folder.")


def _write_data(table: ScoreTable, verdicts: Verdicts, rows: np.ndarray, format: str, folder: Path,
                with_scores: bool, progress: Progress) -> Tally:
    tally, total = Tally(), len(table.ids)

    def told() -> Any:
        for done, batch in batches(table, verdicts, rows, with_scores):
            progress(done, total, "writing")
            yield batch

    FORMATS[format].write(schema(with_scores), tally.passed(told()), folder)
    return tally


def _record(manifest: Manifest, table: ScoreTable, verdicts: Verdicts, rows: np.ndarray, tally: Tally, format: str,
            with_scores: bool) -> dict[str, Any]:
    """What export.json says. `counts` are those of the exported rows, `summary` those of the run."""
    inside = np.repeat(rows, np.diff(table.offsets))
    trainable = int(np.count_nonzero(table.trainable & inside))
    return {
        "format": format, "columns": schema(with_scores).names, "digest": tally.digest,
        "counts": {"examples": tally.examples, "left_out": len(table) - tally.examples, "tokens": tally.tokens,
                   "trainable": trainable, "kept": tally.kept, "dropped": trainable - tally.kept,
                   "kept_share": tally.kept / trainable if trainable else 0.0,
                   "examples_without_kept": tally.without_kept},
        "thresholds": verdicts.thresholds.model_dump(),
        "run": manifest.name, "run_id": manifest.run_id, "model": manifest.model, "data": manifest.data,
        "settings": manifest.settings, "summary": stats.summary(table, verdicts),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": {"xtf": xtf.__version__, **{name: version(name) for name in ("numpy", "pyarrow", "datasets")}}}


def _describe(folder: Path, record: dict[str, Any]) -> None:
    counts = record["counts"]
    card = (f"---\nconfigs:\n- config_name: default\n  data_files: \"{FORMATS[record['format']].data}\"\n---\n\n"
            f"Masked training data written by XTF {record['versions']['xtf']}: {counts['examples']} examples, "
            f"{counts['kept']} of {counts['trainable']} answer tokens trained.\n\n"
            "`labels` is the token's id where the loss sees it and -100 elsewhere. "
            f"What made this dataset is in `{RECORD}`.\n")
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / RECORD).write_text(json.dumps(record, indent=2, allow_nan=False), encoding="utf-8")


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
