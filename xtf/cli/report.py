"""`xtf report`: a run at given settings as one HTML file for people."""

from pathlib import Path
from typing import Any

import click

from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show
from xtf.workspace import size


@click.command()
@click.argument("run")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="HTML file to write.")
@click.option("--examples", default=10, show_default=True, help="Examples to show token by token.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@flags.thresholds_options
@json_flag
def report(run: str, out: Path, examples: int, overwrite: bool, as_json: bool, **values: Any) -> Any:
    """Write a report on RUN: one HTML file that needs no network, for people who did not make the run."""
    from xtf import report as reporting

    thresholds, preset = flags.thresholds_from(values), flags.started(values).preset
    with progress() as told:
        found = reporting.write(run, thresholds, out, preset=preset, examples=examples, overwrite=overwrite,
                                progress=told)
    summary = found["summary"]
    return show(found, as_json,
                f"Report on {run} written to {out} ({size(found['bytes'])}): {summary['kept']:,} of "
                f"{summary['trainable']:,} response tokens kept ({summary['kept_share']:.2%}), "
                f"{len(found['examples'])} examples shown.")
