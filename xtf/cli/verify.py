"""`xtf verify`: whether an export is what its run says."""

from pathlib import Path
from typing import Any

import click

from xtf.cli.output import json_flag, progress, show, table
from xtf.errors import StoreError
from xtf.jobs import reporter
from xtf.words import visible


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--run", help="The run's name where it goes by another one now. [default: as export.json says]")
@json_flag
def verify(folder: Path, run: str | None, as_json: bool) -> Any:
    """Make the rows of the export in DIR again from its run, and say whether they are identical, or where not.

    Exit 0 says identical; 2 that something differs, or that there is nothing to compare with.
    """
    from xtf.export import verify as verifying

    with progress() as report:
        found = verifying(folder, run, progress=report)
    if found["identical"] or reporter():  # a job is done when the comparison is; its result says what came of it
        return show(found, as_json, found["sentence"], *found["notes"])
    rows = [_row(one) for one in found["differences"]]
    parts = [table("The first differences", ["row", "example", "position", "text", "exported", "recomputed"], rows)]
    show(found, as_json, *(parts if rows else []), *(found["notes"] if rows else []),
         *(f"{file['file']} is {file['what']}." for file in found["files"]))
    raise StoreError(found["sentence"])


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    place = "" if one["row"] is None else str(one["row"])
    words = {"missing": "missing", "extra": "too many", "text": "another example"}.get(one["what"])
    ours, theirs = (words, "") if words else (str(one["exported"]), str(one["recomputed"]))
    position = "" if one["position"] is None else str(one["position"])
    return place, one["id"] or "", position, visible(one["text"]), ours or "", theirs
