"""Writing a report: whole, or not at all."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from xtf import runs, workspace
from xtf.config import Thresholds
from xtf.errors import SettingsError, StoreError
from xtf.progress import Progress, silent
from xtf.report.content import gather
from xtf.report.wording import nearest
from xtf.runs import Run

EXAMPLES = 10


def write(run: str | Run, thresholds: Thresholds, out: Path | str, *, preset: str | None = None,
          examples: int = EXAMPLES, overwrite: bool = False, progress: Progress = silent) -> dict[str, Any]:
    """Writes the HTML file `out` about a run at these thresholds and returns what it holds.

    `preset`: where the thresholds started from, the nearest if not given; `examples`: how many token views;
    `overwrite` replaces a file, which stays whole until the new one is written.
    Returned: run, out, bytes, complete, examples (positions of those shown), figures (their names), summary.

    Raises: SettingsError for thresholds that the run cannot be judged by, or a name that is not of HTML; StoreError if
    `out` exists or cannot be written, or the run is damaged. Nothing half-written stays.
    """
    out = workspace.expanded(out).absolute()
    _check(out, examples, overwrite)
    opened = runs.open_run(run) if isinstance(run, str) else run
    opened.verify()
    content = gather(opened, thresholds, preset or nearest(thresholds), examples, progress)
    progress(0, 0, "writing the report")
    from xtf.report.page import html  # Plotly's JavaScript alone is 5 MB

    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    data = html(content, made).encode("utf-8", "backslashreplace")
    try:
        workspace.write_atomically(out, lambda temporary: temporary.write_bytes(data))
    except OSError as error:  # the folder itself
        raise workspace.disk_error(out, error) from error
    return {"run": content.run, "out": str(out), "bytes": len(data), "complete": opened.complete,
            "examples": [sample.position for sample in content.samples],
            "figures": [figure.name for figure in content.figures], "summary": content.summary}


def _check(out: Path, examples: int, overwrite: bool) -> None:
    if examples < 0:
        raise SettingsError("The number of examples cannot be negative: give 0 or more.")
    if out.suffix.lower() not in (".html", ".htm"):
        raise SettingsError(f"A report is an HTML file: give a name that ends in .html instead of {out.name!r}.")
    if out.is_dir():
        raise StoreError(f"{out} is a folder: choose the name of a file.")
    if out.exists() and not overwrite:
        raise StoreError(f"{out} exists: choose another file, or overwrite it.")
