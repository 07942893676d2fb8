"""`xtf train`: fine-tuning on exactly the labels that the thresholds give, and what can be done with the outcome."""

from pathlib import Path
from typing import Any, get_args

import click

from xtf import runs, workspace
from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show, table
from xtf.config import Check, Thresholds, settings
from xtf.errors import SettingsError
from xtf.export.record import RECORD
from xtf.training import folder, processes
from xtf.training import settings as training_settings
from xtf.training.folder import Training
from xtf.training.settings import TrainSettings
from xtf.words import percent


@click.command()
@click.argument("data", metavar="RUN|EXPORT")
@click.option("--name", help="What the fine-tune is called. [default: RUN, the preset and the strategy]")
@click.option("--config", metavar="FILE.yaml", help="Settings of the fine-tune from a file; flags go before it.")
@click.option("--allow", multiple=True, type=click.Choice(get_args(Check)),
              help="Train in spite of what this check found. May be given several times.")
@flags.from_settings(TrainSettings)
@flags.thresholds_options
@json_flag
def train(data: str, name: str | None, config: str | None, allow: tuple[str, ...], as_json: bool, **values: Any) -> Any:
    """Fine-tune the model that scored RUN, on the response tokens that the thresholds keep; or train on the rows and
    labels of an EXPORT in token ids. The same command again resumes it. Several GPUs: accelerate launch -m xtf train …
    """
    from xtf.training.run import train as fine_tune
    from xtf.training.run import train_export

    chosen, thresholds = settings_from(values, config), flags.thresholds_from(values)
    path = workspace.expanded(data)
    with progress() as report:
        if (path / RECORD).is_file():
            _refuse_labels(thresholds)
            made = train_export(path, chosen, name or f"{path.absolute().name}-export", progress=report)
        else:
            named = f"{data}-{flags.started(values).preset}-{thresholds.strategy.kind}"
            made = fine_tune(runs.open_run(data), thresholds, chosen, name or named, allow=allow, progress=report)
    if not processes.is_first():
        return None
    return show(told(made), as_json, f"Fine-tune {made.name} is finished: {made.result}",
                f"Next: xtf ask {made.name} \"a question\", or xtf compare.")


def settings_from(values: dict[str, Any], config: str | None) -> TrainSettings:
    """Settings of a fine-tune: the flags that were given, over those of a file. Raises: SettingsError."""
    from_file = training_settings.read(config) if config else {}
    return settings(TrainSettings, from_file | flags.given(values, TrainSettings))


def _refuse_labels(thresholds: Thresholds) -> None:
    if thresholds != Thresholds():
        raise SettingsError("An export brings its own labels: leave --strategy and the flags of thresholds out, or "
                            "name the run instead of the export.")


def told(made: Training) -> dict[str, Any]:
    """A fine-tune as --json gives it."""
    steps = made.metrics()
    last = steps.iloc[-1].to_dict() if len(steps) else {}
    return {"name": made.name, "done": made.done, "result": str(made.result) if made.done else None,
            **made.record, "last": last}


@click.command()
@click.option("--delete", metavar="NAME", help="Delete a fine-tune with its result.")
@json_flag
def trainings(delete: str | None, as_json: bool) -> Any:
    """List the fine-tunes in the workspace, newest first."""
    if delete:
        folder.delete_training(delete)
        return show({"deleted": delete}, as_json, f"Fine-tune {delete} is deleted.")
    found = [told(made) for made in folder.list_trainings()]
    rows = [(made["name"], made["asked"].get("strategy", "export"), _steps(made), _share(made),
             f"{made['last']['loss']:.4f}" if made["last"] else "", "yes" if made["done"] else "no", made["created"])
            for made in found]
    columns = ["fine-tune", "tokens", "steps", "kept share", "last loss (nats)", "finished", "created (UTC)"]
    return show({"trainings": found}, as_json, table("", columns, rows) if rows else
                "No fine-tunes yet: `xtf train RUN` makes one.")


def _steps(made: dict[str, Any]) -> str:
    return f"{int(made['last'].get('step', 0)):,} of {made['counts'].get('steps', 0):,}"


def _share(made: dict[str, Any]) -> str:
    share = made["counts"].get("kept_share")
    return percent(share) if share else ""


@click.command()
@click.argument("name")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the model; must not exist.")
@json_flag
def merge(name: str, out: Path, as_json: bool) -> Any:
    """Write fine-tune NAME as a full model, its adapter merged into the base model."""
    from xtf.training.merge import merge as write

    with progress() as report:
        written = write(folder.open_training(name), workspace.expanded(out), progress=report)
    return show({"name": name, "out": str(written)}, as_json, f"The merged model is in {written}.")
