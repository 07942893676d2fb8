"""`xtf export`: the masked dataset of a run at given settings."""

from pathlib import Path
from typing import Any

import click

from xtf import runs
from xtf.cli import flags, other
from xtf.cli.output import json_flag, progress, show
from xtf.config import ExportSettings, settings


@click.command()
@click.argument("run")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@flags.from_settings(ExportSettings)
@flags.thresholds_options
@other.options
@json_flag
def export(run: str, out: Path, overwrite: bool, as_json: bool, **values: Any) -> Any:
    """Write RUN's dataset with columns input_ids, attention_mask and labels; a dropped token's label is -100."""
    from xtf.export import write

    thresholds, another = flags.thresholds_from(values), other.chosen(values)
    chosen = settings(ExportSettings, flags.given(values, ExportSettings))
    opened = runs.open_run(run)
    with progress() as report:
        found = write(opened, thresholds, chosen, out, overwrite=overwrite, other=another, progress=report)
    counts = found["counts"]
    unfinished = [opened.unfinished] if opened.unfinished else []
    return show(found, as_json, *unfinished,
                f"{counts['examples']:,} examples with {counts['kept']:,} of {counts['trainable']:,} response tokens "
                f"kept ({counts['kept_share']:.2%}) written to {out}.",
                *([found["carried"]["sentence"], *found["carried"]["notes"]] if another else []),
                *([found["conversations"]["sentence"]] if "conversations" in found else []))
