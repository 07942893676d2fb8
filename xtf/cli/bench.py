"""`xtf bench`: measurements that anybody can repeat."""

from typing import Any

import click

from xtf.bench.planted.settings import PlantedSettings
from xtf.cli import flags
from xtf.cli.output import json_flag, progress, say, show, table
from xtf.config import ScoreSettings, settings
from xtf.jobs import reporter
from xtf.progress import quiet


@click.group()
def bench() -> None:
    """Measure speed on this machine, and what the scores are worth."""


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


@bench.command()
@click.argument("data", default="demo")
@click.option("--examples", type=click.IntRange(8), default=24, show_default=True, help="Examples to train on, once.")
@click.option("--batch-examples", type=click.IntRange(4), default=8, show_default=True, help="Examples in a step.")
@click.option("--repeats", type=click.IntRange(1, 99), default=3, show_default=True, help="Medians over so many turns.")
@flags.from_settings(ScoreSettings, skip=("data", "device", "limit"))
@json_flag
def training(data: str, examples: int, batch_examples: int, repeats: int, as_json: bool, **values: Any) -> Any:
    """Fine-tuning on DATA with XTF (LoRA, float32, on the CPU, labels of preset corrected), beside the plain Trainer in
    batches as it makes them and in XTF's own; each in a process of its own. Scores DATA first, unless that is done."""
    from xtf.bench.training import compare

    chosen = settings(ScoreSettings, {"data": data, "limit": examples} | flags.given(values, ScoreSettings))
    with progress() as report:
        found = compare(chosen, batch_examples, repeats, report)
    rows = [(row["name"], f"{row['seconds']:,.1f}", f"{row['tokens_per_second']:,.0f}", f"{row['times_default']:.2f}",
             f"{row['times_same']:.2f}", f"{row['processor_times_same']:.2f}", f"{row['memory_bytes'] / 1e6:,.0f}",
             f"{row['memory_of_same']:.2f}", f"{row['first_loss']:.4f}") for row in found["results"]]
    title = (f"{found['examples']} examples, {found['tokens']:,} tokens, {found['batch_examples']} a step, "
             f"{found['model']}, {found['threads']} threads, median of {repeats}")
    columns = ["", "seconds", "tokens/s", "× default", "× same", "× same, processor time", "peak MB", "of same",
               "first loss"]
    return show(found, as_json, table(title, columns, rows))


@bench.command()
@flags.from_settings(PlantedSettings)
@json_flag
def planted(as_json: bool, **values: Any) -> Any:
    """Whether the scores mean anything: boilerplate, off-domain text, wrong digits and random words are planted in real
    answers of maths, code and medicine; shown is how well each score and strategy finds them. The page Evidence shows
    the result with examples. A killed bench goes on by the same command."""
    from xtf.bench.planted import verdict
    from xtf.bench.planted.kinds import COLUMNS
    from xtf.bench.planted.result import written
    from xtf.bench.planted.work import bench as run

    chosen = settings(PlantedSettings, flags.given(values, PlantedSettings))
    with progress() as report:
        found = run(chosen, report, quiet if as_json and not reporter() else say)
    heads = ["AUROC, 0.5 = chance", *(kind.title for kind in COLUMNS.values())]
    tables = [table(title, heads, verdict.rows(found, data, found.signals)) for data, title in found.titles().items()]
    missing = [f"No figures for {name}: {why}" for name, why in found.missing.items()]
    return show(written(found), as_json, verdict.headline(found), *verdict.sentences(found), *found.notes, *tables,
                *missing)
