"""`xtf evaluate`: one fine-tune on held-out data."""

from typing import Any

import click

from xtf import runs
from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show
from xtf.config import settings
from xtf.evaluation.settings import EvaluationSettings
from xtf.training import folder
from xtf.words import count, percent


@click.command()
@click.argument("name")
@click.option("--held-out", "held_out", required=True, metavar="RUN",
              help="Run of the held-out data, scored with the same base model.")
@flags.from_settings(EvaluationSettings)
@json_flag
def evaluate(name: str, held_out: str, as_json: bool, **values: Any) -> Any:
    """Measure fine-tune NAME on held-out data: loss on all response tokens and on those that its thresholds keep and
    drop, and how many answers are right. `xtf compare` tells whether that is a gain."""
    from xtf.evaluation.trained import evaluate_training

    chosen = settings(EvaluationSettings, flags.given(values, EvaluationSettings))
    with progress() as report:
        found = evaluate_training(folder.open_training(name), runs.open_run(held_out), chosen, progress=report)
    marked = found.items["correct"].notna().any()
    told = {"name": name, "held_out": held_out, "task": found.task, "examples": len(found.items), "loss": found.loss,
            "loss_kept": found.loss_kept, "loss_dropped": found.loss_dropped, "perplexity": found.perplexity,
            "loss_unrelated": found.loss_unrelated, "accuracy": found.accuracy, "seconds": found.seconds}
    return show(told, as_json, f"{name} on {count(len(found.items))} examples of {held_out}: loss {found.loss:.4f} "
                f"nats a response token ({found.loss_kept:.4f} on kept, {found.loss_dropped:.4f} on dropped ones; "
                f"{found.loss_unrelated:.4f} a token of unrelated text)"
                + (f", {percent(found.accuracy)} of the answers right." if marked else "."))
