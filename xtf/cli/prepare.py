"""`xtf prepare`: what some strategies need beyond the scoring pass."""

from typing import Any

import click

from xtf import preparing, runs, strategies
from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show, table
from xtf.cli.train import settings_from
from xtf.progress import duration
from xtf.training.settings import TrainSettings


@click.command()
@click.argument("run")
@click.option("--list", "listed", is_flag=True, help="List what was added to RUN.")
@click.option("--delete", metavar="COLUMN", help="Delete a column that was added to RUN; its fine-tunes stay.")
@click.option("--config", metavar="FILE.yaml", help="Settings of the reference model's training; flags go before it.")
@flags.from_settings(TrainSettings)
@flags.thresholds_options
@json_flag
def prepare(run: str, listed: bool, delete: str | None, config: str | None, as_json: bool, **values: Any) -> Any:
    """Give RUN what the strategy named with --strategy goes by: a reference model's log-probabilities (slm,
    token-cleaning, self-evolving), those of the responses alone (df-ifd), or a run with twins (augment). The same
    command again goes on where it was stopped.
    """
    opened = runs.open_run(run)
    if delete:
        opened.added.remove(delete)
        return show({"deleted": delete}, as_json, f"Column {delete} of run {run} is deleted.")
    if listed:
        return _list(opened, as_json)
    thresholds = flags.thresholds_from(values)
    chosen = strategies.STRATEGIES[thresholds.strategy.kind]
    with progress() as report:
        made = preparing.prepare(opened, thresholds, settings_from(values, config), progress=report)
    took = preparing.seconds(made, thresholds)
    said = f", which took {duration(took)}" if took else ""
    return show({"run": made.name, "strategy": thresholds.strategy.kind, "seconds": took}, as_json,
                f"{chosen.title} can be used on run {made.name}{said}.",
                f"Next: xtf filter {made.name} --strategy {thresholds.strategy.kind}")


def _list(run: runs.Run, as_json: bool) -> Any:
    found = {name: run.added.made(name) for name in run.added}
    rows = [(name, ", ".join(made.get("trainings", [])), duration(made.get("seconds", 0)), made["created"])
            for name, made in found.items()]
    return show({"columns": found}, as_json, table("", ["column", "fine-tunes", "took", "created (UTC)"], rows) if rows
                else f"Nothing was added to run {run.name} yet.")
