"""`xtf bench`: measurements that anybody can repeat."""

from typing import Any

import click

from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show, table
from xtf.config import ScoreSettings, settings


@click.group()
def bench() -> None:
    """Measure speed on this machine; every figure is a ratio within one run."""


@bench.command()
@click.argument("data", default="demo")
@click.option("--repeats", type=click.IntRange(1, 99), default=3, show_default=True, help="Medians over so many turns.")
@flags.from_settings(ScoreSettings, skip=("data", "dtype", "device"))
@json_flag
def scoring(data: str, repeats: int, as_json: bool, **values: Any) -> Any:
    """Scoring of DATA: the published procedure against XTF in float32 and bfloat16, on the CPU."""
    from xtf.bench.scoring import compare

    chosen = settings(ScoreSettings, {"data": data} | flags.given(values, ScoreSettings))
    with progress() as report:
        found = compare(chosen, repeats, report)
    rows = [(row["name"], f"{row['seconds']:,.1f}", f"{row['tokens_per_second']:,.0f}", f"{row['times_published']:.2f}")
            for row in found["results"]]
    title = (f"{found['examples']} examples, {found['tokens']:,} tokens, {found['model']}, "
             f"{found['threads']} threads, median of {repeats}")
    return show(found, as_json, table(title, ["", "seconds", "tokens/s", "× published"], rows))
