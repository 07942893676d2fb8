"""`xtf value`: what filtering a run's data is worth a month, as a range, with every assumption in sight."""

from pathlib import Path
from typing import Any

import click

from xtf import runs, workspace
from xtf.cli import flags
from xtf.cli.output import json_flag, show, table
from xtf.config import Thresholds
from xtf.errors import SettingsError
from xtf.runs import Run
from xtf.value.settings import ValueSettings


@click.command()
@click.argument("run")
@click.option("--comparison", metavar="NAME", help="A finished comparison of this run whose figures to use. [default: "
                                                   "the newest; none for none]")
@click.option("--csv", "csv_file", metavar="FILE.csv", help="Write inputs, results and sentences as a table, too.")
@flags.from_settings(ValueSettings)
@flags.thresholds_options
@json_flag
def value(run: str, comparison: str | None, csv_file: str | None, as_json: bool, **values: Any) -> Any:
    """What would XTF save, or cost, against plain fine-tuning on the data of RUN?

    What was measured is taken from the run and from a finished comparison of it; the rest are assumptions. Give one as
    a number, or as LOW,LIKELY,HIGH.
    """
    from xtf import roadmap
    from xtf.value import claims, ranges
    from xtf.value import table as tables
    from xtf.value.inputs import inputs
    from xtf.value.measured import measured

    opened = runs.open_run(run)
    found = _compared(opened, comparison)
    kept = _kept_share(opened, flags.thresholds_from(values))
    made = inputs(measured(opened.manifest, kept, found), flags.given(values, ValueSettings))
    result = ranges.outcome(made.settings)
    said = [claims.headline(made, result), *claims.claims(made, opened.manifest, found, result)]
    if csv_file:
        content = tables.rows(made, result, said).to_csv(index=False)
        path = workspace.expanded(csv_file)
        workspace.write_atomically(path, lambda temporary: Path(temporary).write_text(content, encoding="utf-8"))
    plan = [phase.as_json() for phase in roadmap.phases()]
    return show({"run": run, "comparison": found.name if found else None, **tables.as_json(made, result, said),
                 "roadmap": plan}, as_json, *_for_people(made, result, said))


def _compared(run: Run, name: str | None) -> Any:
    """Raises: SettingsError where the comparison that is asked for is not finished, or of another run; StoreError."""
    from xtf.comparison.result import result
    from xtf.value.measured import compared, finished

    there = [] if name == "none" else finished(run)
    chosen = next((one for one in there if one.name == name), None) if name else next(iter(there), None)
    if name not in (None, "none") and chosen is None:
        known = ", ".join(one.name for one in there) or "none yet"
        raise SettingsError(f"There is no finished comparison {name} of the run {run.name}: choose one of these with "
                            f"--comparison: {known}.")
    return compared(chosen, result(chosen)) if chosen else None


def _kept_share(run: Run, thresholds: Thresholds) -> float:
    from xtf import filters

    scored = run.table()
    return float(filters.judge(scored, thresholds).keep.sum() / max(1, int(scored.trainable_counts.sum())))


def _for_people(made: Any, result: Any, said: list[Any]) -> list[Any]:
    from xtf.value import words
    from xtf.value.inputs import WORDS, unused
    from xtf.value.model import PIECES

    currency, idle = made.settings.currency, unused(made.settings)
    given = [(words.LABELS[name], words.shown(name, made.settings), WORDS[source.kind], source.told)
             for name, source in made.sources.items() if name not in idle]
    parts = [(PIECES[name].title, words.money(part.low, part.high, currency)) for name, part in result.pieces.items()]
    moved = [(words.LABELS[swing.name], words.money(min(swing.at_low, swing.at_high),
                                                     max(swing.at_low, swing.at_high), currency))
             for swing in result.swings]
    headline, *others = said
    return [headline.text, table("Inputs", ["input", "value", "from", "where"], given),
            table("A month, middle 90 % of the draws", ["part", "range"],
                  [*parts, ("Return", words.money(result.net.low, result.net.high, currency))]),
            table("The return with one input at its ends, all others likely", ["input", "range"], moved),
            *(f"- {claim.text}" for claim in others)]
