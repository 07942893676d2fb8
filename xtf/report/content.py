"""Everything that a report says, gathered from a run at given settings: plain values, not yet HTML."""

import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pandas as pd

import xtf
from xtf import saved, stats, strategies
from xtf.changes import Change
from xtf.columns import TOKEN_COLUMNS
from xtf.config import ATTRIBUTES, PRESETS, Thresholds
from xtf.filters import Verdicts
from xtf.progress import Progress
from xtf.report.figures import Figure, figures
from xtf.report.samples import Sample, chosen, sample
from xtf.report.text import line, tame, token
from xtf.report.wording import Decision, decision, differences, paragraph, sentences
from xtf.runs import Run
from xtf.store import Manifest, ScoreTable
from xtf.words import QUESTIONS, SHORT, TITLES, count, percent, short

TYPES = 20  # token types dropped most
EXTREMES = 5  # examples at either end of the kept share


@dataclass(frozen=True)
class Headline:
    """One number with what it means. attribute: whose colour marks it, if any."""

    label: str
    value: str
    meaning: str
    attribute: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of text below headings; `numeric` columns, by place, are set to the right."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    numeric: frozenset[int]


@dataclass(frozen=True)
class Content:
    """What assets/report/report.html lays out."""

    run: str
    summary: dict[str, Any]
    paragraph: str
    warnings: list[str]
    headlines: list[Headline]
    preset: str
    preset_words: str
    differences: list[Change]
    settings: list[str]
    yaml: str  # a file of these settings, as `xtf … --settings` reads it
    json: str  # all settings
    decisions: list[Decision]
    figures: list[Figure]
    tables: list[Table]
    samples: list[Sample]
    provenance: list[tuple[str, str]]
    notes: list[str]


def gather(run: Run, thresholds: Thresholds, preset: str, examples: int, progress: Progress) -> Content:
    """`preset`: where the settings started from. Raises: StoreError, SettingsError as `Run.table`,
    `strategies.judge`."""
    progress(0, 0, "judging every token")
    table, manifest = run.table(), run.manifest
    verdicts = strategies.judge(table, thresholds)
    summary, by_example = stats.summary(table, verdicts), stats.by_example(table, verdicts)
    progress(0, 0, "drawing figures")
    drawn = list(figures(table, verdicts, summary, by_example))
    origin = saved.Origin(name=manifest.name, id=manifest.run_id)
    return Content(
        run=run.name, summary=summary, paragraph=paragraph(manifest, summary),
        warnings=_warnings(run, summary), headlines=_headlines(summary), preset=preset,
        preset_words=PRESETS[preset][0], differences=differences(thresholds, preset),
        settings=sentences(thresholds),
        yaml=tame(saved.text(saved.Saved(xtf=xtf.__version__, run=origin, preset=preset, thresholds=thresholds))),
        json=json.dumps(thresholds.model_dump(mode="json"), indent=2),
        decisions=[decision(override) for override in thresholds.overrides], figures=drawn,
        tables=[_top_dropped(table, verdicts), *_extremes(by_example)],
        samples=_samples(run, table, verdicts, chosen(by_example, examples), progress),
        provenance=_provenance(manifest, table), notes=[line(note, 500) for note in manifest.notes])


def _samples(run: Run, table: ScoreTable, verdicts: Verdicts, picked: list[int], progress: Progress) -> list[Sample]:
    sizes = [int(table.offsets[index + 1] - table.offsets[index]) for index in picked]
    shown = []
    for number, index in enumerate(picked, 1):
        shown.append(sample(run, table, verdicts, index, number))
        progress(sum(sizes[:number]), sum(sizes), "laying out sample views")
    return shown


def _warnings(run: Run, summary: dict[str, Any]) -> list[str]:
    """What a reader must know before believing the numbers."""
    found = [run.unfinished] if run.unfinished else []
    if not summary["trainable"]:
        found.append("There are no response tokens, so there is nothing to keep or drop.")
    elif not summary["dropped"]:
        found.append("Nothing is dropped at these settings.")
    if empty := summary["examples_without_kept"]:
        found.append(f"{count(empty)} {'example keeps' if empty == 1 else 'examples keep'} no token at all and would "
                     "give no training signal.")
    return [*found, *summary["notes"]]


def _headlines(summary: dict[str, Any]) -> list[Headline]:
    few = summary["examples_under"]
    numbers = [
        Headline("Examples", count(summary["examples"]), f"With {count(summary['tokens'])} tokens in all."),
        Headline("Response tokens", count(summary["trainable"]), "Those that training could learn from; prompts and "
                                                                 "templates are never trained."),
        Headline("Kept", percent(summary["kept_share"]), f"{count(summary['kept'])} response tokens are trained."),
        Headline("Dropped", percent(summary["dropped_share"]),
                 f"{count(summary['dropped'])} response tokens stay in the text and are not trained.")]
    for name in ATTRIBUTES:
        part = summary["attributes"][name]
        numbers.append(Headline(f"Dropped by {TITLES[name].lower()} ({SHORT[name]})", percent(part["share"]),
                                f"{QUESTIONS[name]} Not so for {count(part['dropped'])} dropped tokens, "
                                f"{count(part['alone'])} of which are dropped for this reason alone.", name))
    by_hand = summary["by_hand"]
    return [*numbers,
            Headline("Protected", count(summary["protected"]), "Would be dropped, but end a turn or state the final "
                                                               "answer."),
            Headline("Decided by hand", count(by_hand["dropped"] + by_hand["kept"]),
                     f"{count(by_hand['dropped'])} dropped and {count(by_hand['kept'])} saved from being dropped."),
            Headline("Examples with nothing left", count(summary["examples_without_kept"]),
                     f"They keep no token. {count(few['examples'])} keep fewer than {few['kept']}.")]


def _top_dropped(table: ScoreTable, verdicts: Verdicts) -> Table:
    found = stats.top_dropped(table, verdicts, TYPES)
    rows = [[token(str(row["text"])), str(row["id"]), count(row["dropped"]), count(row["tokens"]),
             percent(row["share"]), *(count(row[name]) for name in ATTRIBUTES)] for _, row in found.iterrows()]
    columns = ["Token", "Id", "Dropped", "In responses", "Share", *(f"By {SHORT[name]}" for name in ATTRIBUTES)]
    return Table("Token types that are dropped most (␣ is a blank, ⏎ a line break)", columns, rows,
                 frozenset(range(1, len(columns))))


def _extremes(by_example: pd.DataFrame) -> list[Table]:
    able = by_example[by_example["trainable"] > 0].sort_values("kept_share", kind="stable")
    half = min(EXTREMES, len(able) // 2)
    ends = {"Examples that keep least of their response": able.head(half or len(able)),
            "Examples that keep most of it": able.tail(half)[::-1] if half else able.head(0)}
    return [Table(caption, ["Kept", "Tokens kept", "Example", "Begins with"],
                  [[percent(row["kept_share"]), f"{count(row['kept'])} of {count(row['trainable'])}",
                    line(str(row["id"]), 60), line(str(row["preview"]))] for _, row in rows.iterrows()],
                  frozenset({0, 1})) for caption, rows in ends.items() if len(rows)]


def _provenance(manifest: Manifest, table: ScoreTable) -> list[tuple[str, str]]:
    """Where the numbers come from: (name, value). Paths are cut to their last part: they are nobody's business."""
    asked, model, data = manifest.settings, manifest.model, manifest.data
    kinds = sorted({str(table.column(name).dtype) for name in table.score_names})
    facts = {
        "Run": manifest.name, "Run id": manifest.run_id, "Scored (UTC)": manifest.created,
        "Finished": "yes" if manifest.complete else "no", "Scoring took": f"{manifest.seconds:,.0f} s",
        "Data": short(str(asked.get("data", "?"))), "Split": asked.get("split"), "Configuration": asked.get("config"),
        "Data digest": data.get("digest"), "Format": data.get("format"), "Domain": data.get("domain"),
        "First examples only": asked.get("limit"), "Examples": count(len(table)),
        "Tokens": count(int(table.offsets[-1])), "Model": short(str(model.get("name", "?"))),
        "Revision": asked.get("revision"), "Architecture": model.get("architecture"),
        "Model digest": model.get("digest"), "Tokenizer digest": model.get("tokenizer"),
        "Template": short(str(asked.get("template", "?"))),
        "End of turn appended": {True: "yes", False: "no"}.get(bool(asked.get("eos"))),
        "Scored in": f"{asked.get('dtype', '?')} on {asked.get('device', '?')}", "Scores stored as": ", ".join(kinds),
        "Scores": "; ".join(TOKEN_COLUMNS[name].title for name in table.score_names),
        "Scored with": f"XTF {manifest.version or '?'}",
        "Reported with": f"XTF {xtf.__version__}, NumPy {version('numpy')}, Plotly {version('plotly')}"}
    return [(name, line(str(value), 900)) for name, value in facts.items() if value not in (None, "")]
