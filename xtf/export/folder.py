"""Writing an export folder: complete and read back, or not there at all."""

from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from xtf import preflight, runs, strategies, workspace
from xtf.config import ExportSettings, OtherTokenizer, Thresholds
from xtf.errors import StoreError
from xtf.export.card import write_card
from xtf.export.content import Content, content
from xtf.export.formats import FORMATS
from xtf.export.place import refuse_sources, refuse_taken, resolved
from xtf.export.publish import building, publish
from xtf.export.recipes import write as write_recipes
from xtf.export.record import built, read_record, write_record
from xtf.export.tally import Tally
from xtf.progress import Progress, silent
from xtf.store import Manifest, ScoreTable


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
    out = resolved(out)
    refuse_taken(out, overwrite)
    opened: RunLike = runs.open_run(run) if isinstance(run, str) else run
    manifest, table = opened.manifest, opened.table()
    refuse_sources(out, [manifest.settings.get("data"), settings.held_out])
    opened.verify()
    verdicts = strategies.judge(table, thresholds)
    rows = content(manifest, table, verdicts, settings, other)

    def checked() -> list[preflight.Finding]:
        found = preflight.check(manifest, table, verdicts, settings, other, rows.rows)
        preflight.refuse(found, settings.allow)
        return found

    findings = [] if other else checked()
    try:
        with building(out, overwrite) as made:
            tally = _write_data(rows, len(table.ids), settings.format, made, progress)
            if other:  # what they are shows only as they are written
                findings = checked()
            told = built(manifest, table, verdicts, rows, tally, settings, other, findings, made)
            _describe(made, told)
            read_back(made, progress=progress)
            publish(made, out, overwrite)
    except OSError as error:
        raise workspace.disk_error(out, error) from error
    return told


def read_back(folder: Path | str, *, progress: Progress = silent) -> dict[str, Any]:
    """Reads an export's rows and returns its export.json. Raises: StoreError if it is none, or if its rows are not
    those that were written. Whether they are what the run says, `xtf.export.verify` tells."""
    folder = Path(folder)
    told = read_record(folder)
    try:
        expected, total, examples = told["digest"], told["counts"]["tokens"], told["counts"]["examples"]
        kind = FORMATS[told["format"]]
        tally = kind.tally()
        for batch in kind.read(folder):
            tally.add(batch)
            progress(round(total * tally.examples / max(1, examples)), total, "checking")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreError(f"{folder} is not a complete export: {error.filename or error} is missing.") from error
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise StoreError(f"The export {folder} cannot be read ({error}): write it again.") from error
    if tally.digest != expected:
        raise StoreError(f"The export {folder} does not hold what was written to it: write it again.")
    return told


def _write_data(content: Content, total: int, format: str, folder: Path, progress: Progress) -> Tally:
    tally = content.tally()

    def told() -> Any:
        for done, batch in content.batches():
            progress(done, total, "writing")
            yield batch

    FORMATS[format].write(content.columns, tally.passed(told()), folder)
    return tally


def _describe(folder: Path, told: dict[str, Any]) -> None:
    """What is beside the data: the thresholds as a file, the card, and the record, which makes the folder an export."""
    write_card(folder, told)
    write_recipes(folder, told)
    write_record(folder, told)
