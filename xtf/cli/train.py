"""`xtf train`: fine-tuning on exactly the labels that the thresholds give."""

from typing import Any

import click

from xtf import runs
from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show
from xtf.config import settings
from xtf.training.settings import TrainSettings


@click.command()
@click.argument("run")
@click.option("--name", help="What the fine-tune is called. [default: RUN and the preset]")
@flags.from_settings(TrainSettings)
@flags.thresholds_options
@json_flag
def train(run: str, name: str | None, as_json: bool, **values: Any) -> Any:
    """Fine-tune the model that scored RUN, on the response tokens that the thresholds keep. The same command again
    resumes it."""
    from xtf.training.run import train as fine_tune

    thresholds = flags.thresholds_from(values)
    chosen = settings(TrainSettings, flags.given(values, TrainSettings))
    opened = runs.open_run(run)
    with progress() as report:
        made = fine_tune(opened, thresholds, chosen, name or f"{run}-{flags.started(values).preset}", progress=report)
    return show({"name": made.path.name, "result": str(made.result)}, as_json,
                f"Fine-tune {made.path.name} is finished: {made.result}")
