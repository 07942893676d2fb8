"""Is the dashboard fast and sturdy enough? Measured in a real headless Chromium, on made-up runs.

    python benchmarks/ui.py                     all parts
    python benchmarks/ui.py paint crowd         some of them
    python benchmarks/ui.py --json ui.json      the figures into a file too

recolour: the token view of 4,000 tokens, from a moved threshold to the next frame. readouts: the same of a dataset of
ten million tokens. paint: first paint of every page on a fresh server. crowd: twenty visitors at once. download: a
large file, and what it costs the server. Exit 1 if a bar is missed.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import ui_crowd
import ui_download
import ui_live
import ui_paint
import ui_stage
from rich.console import Console
from rich.table import Table

PARTS = ("recolour", "readouts", "paint", "crowd", "download")


@click.command(help=__doc__)
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--tokens", default=1_000_000, show_default=True, help="Tokens of the run for paint and crowd.")
@click.option("--many", default=10_000_000, show_default=True, help="Tokens of the run for readouts.")
@click.option("--long", "length", default=4_000, show_default=True, help="Tokens of the sample for recolour.")
@click.option("--changes", default=50, show_default=True, help="Thresholds gone through in recolour and readouts.")
@click.option("--rounds", default=5, show_default=True, help="Fresh servers a page in paint.")
@click.option("--sessions", default=20, show_default=True, help="Visitors of crowd.")
@click.option("--interactions", default=200, show_default=True,
              help="What they do at least while memory is compared, and as much before.")
@click.option("--warm", default=2, show_default=True, help="How often each visitor does everything before that.")
@click.option("--megabytes", default=600, show_default=True, help="Size of the file of download.")
@click.option("--folder", type=click.Path(file_okay=False), help="Where to put files; a temporary folder if not given.")
@click.option("--json", "target", type=click.Path(dir_okay=False), help="File for the figures.")
def main(parts: tuple[str, ...], tokens: int, many: int, length: int, changes: int, rounds: int, sessions: int,
         interactions: int, warm: int, megabytes: int, folder: str | None, target: str | None) -> None:
    ways: dict[str, tuple[Any, Callable[[Path], dict[str, Any]]]] = {
        "recolour": (ui_live, lambda home: ui_live.recolour(home, ui_stage.sample_of(home, length), changes)),
        "readouts": (ui_live, lambda home: ui_live.readouts(home, ui_stage.run_of(home, many), changes)),
        "paint": (ui_paint, lambda home: ui_paint.paint(home, ui_stage.run_of(home, tokens), rounds)),
        "crowd": (ui_crowd, lambda home: ui_crowd.crowd(home, ui_stage.run_of(home, tokens), sessions, interactions,
                                                      warm)),
        "download": (ui_download, lambda home: ui_download.download(home, megabytes)),
    }
    found, met = {}, True
    for part in [name for name in PARTS if name in (parts or PARTS)]:
        module, measure = ways[part]
        home = Path(tempfile.mkdtemp(prefix="xtf-ui-", dir=folder))
        try:
            found[part] = measure(home)
        finally:
            shutil.rmtree(home)
        met &= _told(part, module, found[part])
    if target:
        Path(target).write_text(json.dumps(found, indent=1), encoding="utf-8")
    sys.exit(0 if met else 1)


def _told(part: str, module: Any, found: dict[str, Any]) -> bool:
    """Prints a part's table and bars; whether all of these are met."""
    console, rows = Console(width=120), module.table(found)
    shown = Table(*rows[0], title=part)
    for row in rows:
        shown.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
    console.print(shown)
    for fault in found.get("faults", []):
        console.print(f"fault: {fault}", markup=False)
    judged = [(value <= limit, name, value, limit) for name, value, limit in module.bars(found)]
    for passed, name, value, limit in judged:
        console.print(f"{'pass' if passed else 'MISS'}  {name}: {value:.3g} (at most {limit:g})", markup=False)
    return all(passed for passed, *_ in judged)


if __name__ == "__main__":
    main()
