"""`xtf score` and `xtf preview`: from a dataset to a run, and a look at the tokens before."""

from dataclasses import asdict
from typing import Any

import click

from xtf.cli import flags
from xtf.cli.output import json_flag, progress, say, show
from xtf.config import DataSettings, ModelSettings, ScoreSettings, settings
from xtf.jobs import reporter
from xtf.progress import quiet
from xtf.store import Manifest


@click.command()
@click.argument("data")
@click.option("--run", "name", help="Name of the run; made from data and model if not given.")
@click.option("--estimate", is_flag=True, help="Only estimate tokens, time, memory and disk from a few rows.")
@flags.from_settings(ScoreSettings, skip=("data",))
@json_flag
def score(data: str, name: str | None, estimate: bool, as_json: bool, **values: Any) -> Any:
    """Score every response token of DATA (a file, folder, hub id, or demo) with a model, into a run.

    A killed or cancelled run is resumed by the same command; a finished one is found and not scored again.
    """
    chosen = settings(ScoreSettings, {"data": data} | flags.given(values, ScoreSettings))
    if estimate:
        return _estimate(chosen, as_json)
    from xtf.engine import reuse  # quick to import: what is finished is found without PyTorch

    if found := reuse.finished(chosen, name):
        return _show(found, as_json, f"Run {found.name} is finished and holds exactly this: nothing was scored again.",
                     known=True)
    from xtf.engine import local

    with progress() as report:
        found = local.score(chosen, name, report, quiet if as_json and not reporter() else say)
    counts = found.counts
    return _show(found, as_json, f"Run {found.name}: {counts['trainable']:,} of {counts['tokens']:,} tokens in "
                                 f"{counts['examples']:,} examples scored with {found.model['name']} "
                                 f"({found.settings['dtype']}) in {found.seconds:,.1f} s.", known=False)


def _show(found: Manifest, as_json: bool, sentence: str, known: bool) -> Any:
    """The manifest; `known` says whether it was there already."""
    return show(asdict(found) | {"known": known}, as_json, sentence, *found.notes,
                f"Next: xtf filter {found.name}, or xtf app.")


def _estimate(chosen: ScoreSettings, as_json: bool) -> Any:
    from xtf.engine.estimate import estimate

    with progress() as report:
        found = estimate(chosen, report)
    return show(asdict(found) | {"sentence": found.sentence}, as_json, found.sentence, *found.warnings, *found.notes)


@click.command()
@click.argument("data")
@click.option("--count", type=click.IntRange(1, 100), default=3, show_default=True, help="Examples to show.")
@flags.from_settings(DataSettings, skip=("data",))
@flags.from_settings(ModelSettings, skip=("dtype", "device"))
@json_flag
def preview(data: str, count: int, as_json: bool, **values: Any) -> Any:
    """Show how DATA is read and rendered, and which tokens are trainable, before any scoring."""
    from xtf import models
    from xtf.data.preview import preview as look

    data_settings = settings(DataSettings, {"data": data} | flags.given(values, DataSettings))
    model_settings = settings(ModelSettings, flags.given(values, ModelSettings))
    context = models.context_length(models.load_config(model_settings))
    found = look(data_settings, models.load_tokenizer(model_settings), context, count)
    shown = [{"format": item.format, "id": item.example.id, "text": item.tokens.text, "ids": item.tokens.ids,
              "spans": item.tokens.spans, "trainable": item.tokens.trainable} for item in found]
    return show({"format": shown[0]["format"], "examples": shown}, as_json,
                *(_trained_text(item.tokens) for item in found))


def _trained_text(tokens: Any) -> Any:
    """The rendered text, trained characters bold and underlined, the rest dim."""
    from rich.text import Text

    text = Text(tokens.text + "\n", style="dim")
    for (start, end), trainable in zip(tokens.spans, tokens.trainable, strict=True):
        if trainable:
            text.stylize("not dim bold underline", int(start), int(end))
    return text


