"""`xtf runs`, `xtf filter` and `xtf scores`: what there is, what a setting keeps, and every number of one example."""

from dataclasses import asdict
from typing import Any

import click

from xtf import runs as stored
from xtf.cli import flags
from xtf.cli.output import json_flag, show, table


@click.command()
@click.option("--delete", metavar="RUN", help="Delete a run.")
@json_flag
def runs(delete: str | None, as_json: bool) -> Any:
    """List the runs in the workspace, newest first."""
    if delete:
        stored.delete_run(delete)
        return show({"deleted": delete}, as_json, f"Run {delete} is deleted.")
    found = stored.list_runs()
    rows = [(run.name, run.model.get("name", "?"), f"{run.counts.get('examples', 0):,}",
             f"{run.counts.get('trainable', 0):,}", "yes" if run.complete else "no", run.created) for run in found]
    return show({"runs": [asdict(run) for run in found]}, as_json,
                table("", ["run", "model", "examples", "response tokens", "finished", "created (UTC)"], rows)
                if rows else "No runs yet: `xtf score demo` makes one.")


@click.command("filter")
@click.argument("run")
@flags.thresholds_options
@json_flag
def filter_run(run: str, as_json: bool, **values: Any) -> Any:
    """Show what a preset, or settings of your own, keep and drop in RUN."""
    from xtf import filters, stats

    thresholds = flags.thresholds_from(values)
    scored = stored.open_run(run).table()
    summary = stats.summary(scored, filters.judge(scored, thresholds))
    found = {"run": run, "preset": values["preset"], "thresholds": thresholds.model_dump(), **summary}
    rows = [(name, f"{part['dropped']:,}", f"{part['dropped'] / max(1, summary['trainable']):.2%}",
             f"{part['alone']:,}") for name, part in summary["attributes"].items()]
    return show(found, as_json, f"Kept {summary['kept']:,} of {summary['trainable']:,} response tokens "
                                f"({summary['kept_share']:.2%}).",
                table("", ["dropped by", "tokens", "share", "by it alone"], rows), *summary["notes"])


@click.command()
@click.argument("run")
@click.option("--example", required=True, help="Id of the example, or its position counted from 0.")
@flags.thresholds_options
@json_flag
def scores(run: str, example: str, as_json: bool, **values: Any) -> Any:
    """Show every stored column of one example, and its verdicts at a preset or settings of your own."""
    from xtf import explain, filters

    scored = stored.open_run(run).table()
    one = scored.example(scored.find(example))
    verdicts = filters.judge(scored, flags.thresholds_from(values))
    here = slice(int(scored.offsets[one.index]), int(scored.offsets[one.index + 1]))
    values = {name: found.values[here] for name, found in verdicts.attributes.items()}
    keep = verdicts.keep[here]
    found = {
        "run": run, "index": one.index, "id": one.id, "text": one.text, "ids": one.ids, "spans": one.spans,
        "marks": one.marks, "trainable": one.trainable, "p": values["novelty"], "relevance": values["relevance"],
        **one.scores, "keep": keep, "labels": filters.labels(one.ids, keep), "verdict": verdicts.bits[here],
        "fails": {name: attribute.fails[here] for name, attribute in verdicts.attributes.items()}}
    if as_json:
        return show(found, True)
    rows = [(repr(one.text[start:end]), *(f"{values[name][t]:.4g}" for name in ("novelty", "reasoning", "relevance")),
             explain.sentence(scored, verdicts, here.start + t))
            for t, (start, end) in enumerate(one.spans) if one.trainable[t]]
    return show(found, False, explain.summary_sentence(scored, verdicts, one.index),
                table("", ["token", "p", "reasoning", "relevance", "verdict"], rows))
