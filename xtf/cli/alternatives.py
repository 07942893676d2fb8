"""`xtf alternatives`: what else the base model would have said at each token of one example."""

from typing import Any

import click

from xtf import alternatives as kept
from xtf import runs
from xtf.alternatives import Alternatives
from xtf.cli.output import json_flag, progress, show, table
from xtf.errors import SettingsError
from xtf.jobs import reporter
from xtf.store import ScoredExample
from xtf.words import percent, visible


@click.command()
@click.argument("run")
@click.option("--example", help="Id of the example, or its position counted from 0.")
@click.option("--position", type=click.IntRange(min=0), help="Its position counted from 0, whatever the ids are.")
@json_flag
def alternatives(run: str, example: str | None, position: int | None, as_json: bool) -> Any:
    """Show the five tokens that the base model finds likeliest at each response token of one example of RUN.

    They are worked out once, with the run's model, and kept beside the run.
    """
    opened = runs.open_run(run)
    scored = opened.table()
    if (example is None) == (position is None):
        raise SettingsError("Name one example: by --example ID or by --position N.")
    if position is not None and position >= len(scored):
        raise SettingsError(f"There is no example at position {position}; run {run} has {len(scored):,}, counted "
                            "from 0.")
    index = scored.find(str(example)) if position is None else position
    found, known = kept.cached(opened, index), True
    if found is None:
        from xtf.engine.alternatives import find  # loads the model

        with progress() as report:
            found, known = find(opened, index, report), False
    return _show(run, scored.example(index), found, known, as_json)


def _show(run: str, one: ScoredExample, found: Alternatives, known: bool, as_json: bool) -> dict[str, Any]:
    """A job keeps only which example it was: the tokens are beside the run."""
    told = {"run": run, "index": one.index, "id": one.id, "known": known}
    if reporter():
        return show(told, as_json)
    show(told | {"text": one.text, "spans": one.spans, "ids": one.ids, "trainable": one.trainable,
                 "alternatives": {"ids": found.ids, "p": found.p, "texts": found.texts}}, as_json,
         table("", ["token", "the model would say"], list(rows(one, found))))
    return told


def rows(one: ScoredExample, found: Alternatives) -> list[tuple[str, str]]:
    """For people: each trainable token, and the likeliest ones there."""
    return [(visible(one.text[start:end]), "   ".join(
        f"{visible(found.texts[id_])} {percent(p)}"
        for id_, p in zip(found.ids[token].tolist(), found.p[token].tolist()) if id_ >= 0))
        for token, (start, end) in enumerate(one.spans.tolist()) if one.trainable[token]]
