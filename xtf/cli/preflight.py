"""`xtf preflight`: what would go wrong at a trainer with what an export would hold."""

from typing import Any

import click

from xtf import runs
from xtf.cli import flags, other
from xtf.cli.output import json_flag, progress, show, table
from xtf.config import ExportSettings, settings

_FIRST = 10  # examples named


@click.command()
@click.argument("run")
@flags.from_settings(ExportSettings)
@flags.thresholds_options
@other.options
@json_flag
def preflight(run: str, as_json: bool, **values: Any) -> Any:
    """Look at what `xtf export` would write of RUN before a trainer does; exit 2 if anything there would go wrong."""
    from xtf import preflight as checking
    from xtf import strategies

    thresholds, another = flags.thresholds_from(values), other.chosen(values)
    chosen = settings(ExportSettings, flags.given(values, ExportSettings))
    opened = runs.open_run(run)
    scored = opened.table()
    with progress() as report:
        findings = checking.check(opened.manifest, scored, strategies.judge(scored, thresholds), chosen, another,
                                  progress=report)
    found = checking.record(findings, chosen.allow)
    ids = {told.check: [str(scored.example_ids[index]) for index in told.examples[:_FIRST]] for told in findings}
    rows = [(told["title"], "allowed" if told["allowed"] else told["level"], told["sentence"],
             told["fix"]["flags"] if told["fix"] else "") for told in found]
    shown = show({"run": run, "complete": opened.complete,
                  "findings": [told | {"first_examples": ids[told["check"]]} for told in found]}, as_json,
                 *([opened.unfinished] if opened.unfinished else []),
                 table("", ["check", "level", "what was found", "what mends it"], rows))
    checking.refuse(findings, chosen.allow)
    return shown
