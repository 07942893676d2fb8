"""`xtf augment`: a twin beside each example, scored as a run of its own."""

from dataclasses import asdict
from typing import Any

import click

from xtf import runs
from xtf.cli.output import json_flag, progress, say, show
from xtf.jobs import reporter
from xtf.progress import quiet


@click.command()
@click.argument("run")
@click.option("--run", "name", help="Name of the augmented run; RUN-twins-SEED if not given.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Other seeds give other numbers and names.")
@json_flag
def augment(run: str, name: str | None, seed: int, as_json: bool) -> Any:
    """Add to each example of RUN a twin with other numbers and names and the right answer to them, and score both as a
    run of their own, which everything else works on.

    Where numbers cannot be changed without doubt an example has no twin, and the reason is counted. It doubles the data
    at most: tokens before and after are always told. A run that was stopped is resumed by the same command.
    """
    opened = runs.open_run(run)
    from xtf.engine import augmented  # loads the model

    with progress() as report:
        found = augmented.score(opened, name, seed, report, quiet if as_json and not reporter() else say)
    told = {"run": found.manifest.name, "of": run, "seed": seed, **asdict(found.made), "before": found.before,
            "after": found.after, "sentence": found.sentence, "data": found.manifest.settings["data"],
            "run_id": found.manifest.run_id, "notes": found.manifest.notes}
    return show(told, as_json, f"Run {found.manifest.name}: {found.sentence}", *found.reasons, *found.manifest.notes,
                f"Next: xtf filter {found.manifest.name}, or xtf app.")
