"""Whether an export is what its run says: the rows made once more from the run, and compared with those on disk."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

import xtf
from xtf import runs, strategies, workspace
from xtf.config import ExportSettings, OtherTokenizer, Thresholds, settings
from xtf.digests import sha256
from xtf.errors import SettingsError, StoreError, XtfError
from xtf.export.alignment import Difference, Side, differences
from xtf.export.content import Content, content
from xtf.export.folder import RunLike
from xtf.export.formats import FORMATS
from xtf.export.jsonl import read as read_lines
from xtf.export.pinpoint import Pinpoint
from xtf.export.record import read_record
from xtf.export.tally import Tally
from xtf.progress import Progress, silent
from xtf.store import ScoreTable
from xtf.words import count

SHOWN = 10  # differences told one by one; all are counted
_KEY = ("id", "input_ids", "messages")  # the columns that say what a row is about


def verify(folder: Path | str, run: str | RunLike | None = None, *, shown: int = SHOWN,
           progress: Progress = silent) -> dict[str, Any]:
    """Makes the rows of an export again from its run, as export.json says, and compares them one by one.

    `run`: the run, or its name where it goes by another one now. Returns, JSON-able: `identical` (None where there is
    nothing to compare with), `sentence`, `notes`; `rows`: same, differing, missing (on disk), extra; `labels` compared;
    `differences`: the first `shown` (row, recomputed_row, example, id, what, position, text, exported, recomputed);
    `files`: those that changed or are missing; `whole`: whether the files hold what was written. Never raises for a
    difference. `progress` counts tokens.

    Raises: StoreError where there is no export, or its rows cannot be read.
    """
    folder = workspace.expanded(folder)
    told = read_record(folder)
    try:
        asked = _Asked.of(told)
        changed = _changed_files(folder, told["files"])
    except (KeyError, TypeError, AttributeError, SettingsError) as error:
        raise StoreError(f"{folder} was not written by this version of XTF, and its record does not say enough to make "
                         "its rows again: export again.") from error
    found: dict[str, Any] = {
        "folder": str(folder), "format": told["format"], "run": told["run"], "run_id": told["run_id"],
        "written_with": told["versions"]["xtf"], "files": changed, "notes": []}
    try:
        compared = _compare(folder, asked, run or told["run"], told, found["notes"], shown, progress)
    except XtfError as error:
        found["notes"].append(str(error))
        compared = _digest_alone(folder, told, progress)
    found |= compared
    found["whole"] = not changed and found["digest_holds"]
    if compared["identical"] and changed:
        found["notes"].append(f"{changed[0]['file']} is not the file that was written, but it holds the same rows.")
    return found | {"sentence": _sentence(found)}


@dataclass(frozen=True)
class _Asked:
    """What was exported."""

    thresholds: Thresholds
    export: ExportSettings
    other: OtherTokenizer | None

    @classmethod
    def of(cls, told: dict[str, Any]) -> "_Asked":
        other = settings(OtherTokenizer, told["other"]) if told["other"] else None
        return cls(settings(Thresholds, told["thresholds"]), settings(ExportSettings, told["export"]), other)

    def content(self, run: RunLike, table: ScoreTable) -> Content:
        return content(run.manifest, table, strategies.judge(table, self.thresholds), self.export, self.other)


def _changed_files(folder: Path, told: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Data files that are not what was written. Cards and recipes are people's to edit."""
    found = []
    for name, written in told.items():
        path = folder / name
        if not path.is_file():
            found.append({"file": name, "what": "missing"})
        elif path.stat().st_size != written["bytes"] or sha256(path) != written["sha256"]:
            found.append({"file": name, "what": "changed"})
    return found


def _compare(folder: Path, asked: _Asked, run: str | RunLike, told: dict[str, Any], notes: list[str], shown: int,
             progress: Progress) -> dict[str, Any]:
    opened: RunLike = runs.open_run(run) if isinstance(run, str) else run
    table = opened.table()
    opened.verify()
    notes += _notes(opened, told)
    rows, tally = asked.content(opened, table), FORMATS[told["format"]].tally()
    columns = rows.columns.names
    left = Side(_exported(folder, told, tally, rows.columns), columns)
    right = Side(_recomputed(rows, len(table.ids), progress), columns)
    counts: Counter[str] = Counter()
    first: list[Difference] = []
    for one in differences(left, right, [name for name in _KEY if name in columns]):
        if isinstance(one, int):
            counts["same"] += one
            continue
        counts[one.kind] += 1
        if len(first) < shown:
            first.append(one)
    where = Pinpoint(table, rows.rows.index, asked.other)
    found = {"same": counts["same"], "differing": counts["labels"] + counts["text"], "missing": counts["missing"],
            "extra": counts["extra"]}
    return {"identical": not any(found[name] for name in ("differing", "missing", "extra")), "rows": found,
            "labels": tally.tokens or int(told["counts"]["tokens"]),
            "differences": [where.told(one) for one in first], "digest_holds": tally.digest == told["digest"]}


def _digest_alone(folder: Path, told: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Where the rows cannot be made again, they can still be those that were written."""
    tally = FORMATS[told["format"]].tally()
    for _ in _exported(folder, told, tally):
        progress(tally.examples, told["counts"]["examples"], "checking")
    return {"identical": None, "rows": {"same": 0, "differing": 0, "missing": 0, "extra": 0}, "labels": 0,
            "differences": [], "digest_holds": tally.digest == told["digest"]}


def _exported(folder: Path, told: dict[str, Any], tally: Tally, columns: pa.Schema | None = None
              ) -> Iterator[pa.RecordBatch]:
    """The rows on disk; `columns` where more than the usual ones are wanted."""
    kind = FORMATS[told["format"]]
    try:
        yield from tally.passed(read_lines(folder / kind.data, columns) if columns and told["format"] == "jsonl"
                                else kind.read(folder))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise StoreError(f"The export {folder} cannot be read ({error}): write it again.") from error


def _recomputed(rows: Content, total: int, progress: Progress) -> Iterator[pa.RecordBatch]:
    for done, batch in rows.batches():
        progress(done, total, "comparing")
        yield batch


def _notes(run: RunLike, told: dict[str, Any]) -> list[str]:
    """What is not as it was when the export was written."""
    manifest, notes = run.manifest, []
    if manifest.run_id != told["run_id"]:
        notes.append(f"Run {manifest.name} is not the one that was exported: it has been scored anew since, or with "
                     f"other settings ({manifest.run_id}, exported was {told['run_id']}).")
    if xtf.__version__ != told["versions"]["xtf"]:
        notes.append(f"The export was written by XTF {told['versions']['xtf']}; the rows are made again by "
                     f"{xtf.__version__}.")
    if told["partial"] and manifest.complete:
        notes.append("The run was unfinished when it was exported, and is finished now.")
    return notes


def _sentence(found: dict[str, Any]) -> str:
    rows = found["rows"]
    if found["identical"] is None:
        state = "the files hold what was written to them" if found["whole"] else \
            "the files do not hold what was written to them either"
        return f"The rows could not be made again, so nothing was compared; {state}. {' '.join(found['notes'])}"
    if found["identical"]:
        return f"Identical: {count(rows['same'])} examples, {count(found['labels'])} labels."
    parts = [f"{count(rows[name])} {words}" for name, words in (
        ("differing", "differ"), ("missing", "are missing"), ("extra", "are too many")) if rows[name]]
    return f"Not identical: of {count(sum(rows.values()))} rows {', '.join(parts)}."
