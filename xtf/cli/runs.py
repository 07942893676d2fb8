"""`xtf runs`, `xtf filter` and `xtf scores`: what there is, what a setting keeps, and every number of one example."""

from dataclasses import asdict
from typing import Any

import click

from xtf import runs as stored
from xtf.cli import flags, other
from xtf.cli.output import json_flag, progress, show, table
from xtf.config import OtherTokenizer, Thresholds
from xtf.store import Manifest


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
             f"{run.counts.get('trainable', 0):,}", _finished(run), run.created) for run in found]
    return show({"runs": [asdict(run) for run in found]}, as_json,
                table("", ["run", "model", "examples", "response tokens", "finished", "created (UTC)"], rows)
                if rows else "No runs yet: `xtf score demo` makes one.")


def _finished(manifest: Manifest) -> str:
    """`yes`, or how many examples of an unfinished run can be looked at."""
    known = None if manifest.complete else stored.open_run(manifest.name).partial
    return "yes" if manifest.complete else f"no, {known.examples:,} so far" if known else "no"


@click.command("filter")
@click.argument("run")
@flags.thresholds_options
@other.options
@json_flag
def filter_run(run: str, as_json: bool, **values: Any) -> Any:
    """Show what a preset, or settings of your own, keep and drop in RUN."""
    from xtf import stats, strategies

    thresholds, another = flags.thresholds_from(values), other.chosen(values)
    opened = stored.open_run(run)
    scored = opened.table()
    summary = stats.summary(scored, strategies.judge(scored, thresholds))
    found = {"run": run, "preset": flags.started(values).preset, "thresholds": thresholds.model_dump(), **summary}
    carried = _carried(opened, thresholds, another) if another else {}
    rows = [(name, f"{part['dropped']:,}", f"{part['dropped'] / max(1, summary['trainable']):.2%}",
             f"{part['alone']:,}") for name, part in summary["attributes"].items()]
    return show(found | carried | _part(opened), as_json, *_told(opened),
                f"Kept {summary['kept']:,} of {summary['trainable']:,} response tokens ({summary['kept_share']:.2%}).",
                table("", ["dropped by", "tokens", "share", "by it alone"], rows), *_by_hand(summary, thresholds),
                *summary["notes"],
                *(sentence for part in carried.values() for sentence in (part["sentence"], *part["notes"])))


def _by_hand(summary: dict[str, Any], thresholds: Thresholds) -> list[str]:
    """What the overrides come to, in a sentence."""
    found, number = summary["by_hand"], len(thresholds.overrides)
    return [f"{number} override{'s' if number > 1 else ''} by hand: {found['dropped']:,} tokens dropped "
            f"({found['alone']:,} by no rule), {found['kept']:,} kept that rules would drop."] if number else []


def _part(run: stored.Run) -> dict[str, Any]:
    """For JSON: whether these are numbers of the whole dataset."""
    return {"complete": run.complete}


def _told(run: stored.Run) -> list[str]:
    return [run.unfinished] if run.unfinished else []


def _carried(run: stored.Run, thresholds: Thresholds, another: OtherTokenizer) -> dict[str, Any]:
    from xtf import carry

    with progress() as report:
        return {"carried": carry.survey(run, thresholds, another, report)}


@click.command()
@click.argument("run")
@click.option("--example", required=True, help="Id of the example, or its position counted from 0.")
@flags.thresholds_options
@json_flag
def scores(run: str, example: str, as_json: bool, **values: Any) -> Any:
    """Show every stored column of one example, and its verdicts at a preset or settings of your own."""
    from xtf import explain, filters, strategies

    opened = stored.open_run(run)
    scored = opened.table()
    one = scored.example(scored.find(example))
    verdicts = strategies.judge(scored, flags.thresholds_from(values))
    here = slice(int(scored.offsets[one.index]), int(scored.offsets[one.index + 1]))
    values = {name: found.values[here] for name, found in verdicts.attributes.items()}
    keep = verdicts.keep[here]
    found = {
        "run": run, "index": one.index, "id": one.id, "text": one.text, "ids": one.ids, "spans": one.spans,
        "marks": one.marks, "trainable": one.trainable, "p": values["novelty"], "relevance": values["relevance"],
        **one.scores, "keep": keep, "labels": filters.labels(one.ids, keep), "verdict": verdicts.bits[here],
        "fails": {name: attribute.fails[here] for name, attribute in verdicts.attributes.items()}, **_part(opened)}
    if as_json:
        return show(found, True)
    rows = [(repr(one.text[start:end]), *(f"{values[name][t]:.4g}" for name in ("novelty", "reasoning", "relevance")),
             explain.sentence(scored, verdicts, here.start + t))
            for t, (start, end) in enumerate(one.spans) if one.trainable[t]]
    return show(found, False, *_told(opened), explain.summary_sentence(scored, verdicts, one.index),
                table("", ["token", "p", "reasoning", "relevance", "verdict"], rows))
