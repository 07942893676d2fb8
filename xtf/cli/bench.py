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
@flags.from_settings(ScoreSettings, skip=("data", "dtype"))
@json_flag
def scoring(data: str, repeats: int, as_json: bool, **values: Any) -> Any:
    """Scoring of DATA with XTF, beside the published procedure, a plain loop with all attention maps, the bare forward
    pass, and the machine's roofline, in float32 and bfloat16; each in a process of its own."""
    from xtf.bench.scoring import compare

    chosen = settings(ScoreSettings, {"data": data} | flags.given(values, ScoreSettings))
    with progress() as report:
        found = compare(chosen, repeats, report)
    rows = [(row["name"], row["dtype"], f"{row['seconds']:,.1f}", f"{row['tokens_per_second']:,.0f}",
             f"{row['times_published']:.2f}", f"{row['times_bare']:.2f}", f"{row['of_roofline']:.0%}",
             f"{row['memory_bytes'] / 1e6:,.0f}") for row in found["results"]]
    rows += [(f"roofline ({roof['matmul_gflops']:,.0f} GFLOP/s)", roof["dtype"], "",
              f"{roof['tokens_per_second']:,.0f}", "", "", "100%", "") for roof in found["roofline"]]
    title = (f"{found['examples']} examples, {found['tokens']:,} tokens, {found['model']}, "
             f"{found['threads']} threads, median of {repeats}")
    columns = ["", "dtype", "seconds", "tokens/s", "× published", "time of bare", "of roofline", "peak MB"]
    return show(found, as_json, table(title, columns, rows))
