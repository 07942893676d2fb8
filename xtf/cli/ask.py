"""`xtf ask`: what a fine-tune answers, beside what its base model does."""

from typing import Any

import click

from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show
from xtf.config import settings
from xtf.evaluation.settings import EvaluationSettings
from xtf.training import folder

_ASKED = ("max_new_tokens", "temperature", "seed")


@click.command()
@click.argument("name")
@click.argument("prompt")
@flags.from_settings(EvaluationSettings, skip=tuple(EvaluationSettings.model_fields.keys() - set(_ASKED)))
@json_flag
def ask(name: str, prompt: str, as_json: bool, **values: Any) -> Any:
    """Let fine-tune NAME and its base model answer PROMPT."""
    from xtf.training.ask import ask as both

    chosen = settings(EvaluationSettings, flags.given(values, EvaluationSettings))
    with progress() as report:
        base, tuned = both(folder.open_training(name), prompt, chosen, progress=report)
    return show({"name": name, "prompt": prompt, "base": base, "tuned": tuned}, as_json,
                f"The base model:\n{base}\n", f"{name}:\n{tuned}")
