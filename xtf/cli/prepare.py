"""`xtf prepare`: what some strategies need beyond the scoring pass."""

from typing import Any

import click

from xtf import preparing, runs, strategies
from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show, table
from xtf.cli.train import settings_from
from xtf.progress import duration
from xtf.training.folder import open_training
from xtf.training.settings import TrainSettings


@click.command()
@click.argument("run")
@click.option("--list", "listed", is_flag=True, help="List what was added to RUN.")
@click.option("--delete", metavar="COLUMN", help="Delete a column that was added to RUN; its fine-tunes stay.")
@click.option("--reference-model", metavar="FINE-TUNE",
              help="The reference model: a finished fine-tune of RUN's model, such as one on cleaner data. If not "
                   "given, one is trained on a fifth of RUN's examples.")
@click.option("--config", metavar="FILE.yaml", help="Settings of the reference model's training; flags go before it.")
@flags.from_settings(TrainSettings)
@flags.thresholds_options
@json_flag
def prepare(run: str, listed: bool, delete: str | None, reference_model: str | None, config: str | None, as_json: bool,
            **values: Any) -> Any:
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
    given = open_training(reference_model) if reference_model else None
    if given and not hasattr(thresholds.strategy, "reference"):
        raise click.UsageError(f"Strategy {thresholds.strategy.kind} goes by no reference model: leave "
                               "--reference-model out, or choose slm, token-cleaning or self-evolving.")
    with progress() as report:
        made = preparing.prepare(opened, thresholds, settings_from(values, config), given=given, progress=report)
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
