"""A comparison's result as tables: for people, for spreadsheets, and item by item."""

import re
from dataclasses import asdict
from typing import Any

import pandas as pd

from xtf.comparison import paper, verdict
from xtf.comparison.folder import BASE, Comparison
from xtf.comparison.metrics import CORRECT, METRICS, Metric
from xtf.comparison.result import Figure, Result, Row, evaluation
from xtf.evaluation.statistics import Difference, Estimate
from xtf.progress import duration
from xtf.words import count, percent
from xtf.workspace import size

PAPER = "the paper's, not ours (%)"
NOTHING = "\N{EM DASH}"
AGAINST_BASE = "forgetting, against the base model"
COSTS = ("passes", "preparation", "training", "together", "memory")


def columns(found: Result) -> list[str]:
    """The metrics that some row has, the one that decides first."""
    there = [key for key in METRICS if any(key in row.figures for row in found.rows)]
    return sorted(there, key=lambda key: key != found.metric)


def cells(found: Result) -> list[dict[str, str]]:
    """A row of text for each row of the result, all with the same columns, in words for people."""
    return [_cells(found, row) for row in found.rows]


def parts(found: Result) -> list[tuple[str, list[dict[str, str]]]]:
    """The same in three tables, each with the strategies and narrow enough to be read: outcome, losses, costs."""
    lead, *names = (rows := cells(found))[0]
    costs = [name for name in names if name in COSTS]
    losses = [name for name in names if name.endswith("(nats)") or name == AGAINST_BASE]
    outcome = [name for name in names if name not in (*costs, *losses)]
    return [(title, [{name: row[name] for name in (lead, *chosen)} for row in rows])
            for title, chosen in (("Outcome", outcome), ("Losses", losses), ("Costs", costs)) if chosen]


def lines(cell: str) -> list[str]:
    """An estimate, its interval, its p and the adjusted one, each on a line of its own."""
    return re.split(r" (?=\[)|(?<=\]), |(?<=\d), (?=adjusted)", cell)


def _cells(found: Result, row: Row) -> dict[str, str]:
    made = {"strategy": row.title, "seeds": NOTHING if row.name == BASE else f"{len(row.seeds)} of {row.wanted}",
            "trained tokens": _trained(row)}
    first, *others = columns(found) or [found.metric]
    made[title(first, found)] = shown(row.figures.get(first), first)
    for control in verdict.CONTROLS:
        made[f"against {control}"] = _against(row, found.metric, control)
    if found.task in paper.TASKS and paper.TASKS[found.task].accuracy:
        published = paper.accuracy(found.task, row.name)
        made[PAPER] = f"{published:.1f}" if published is not None else NOTHING
    for key in others:
        made[title(key, found)] = shown(row.figures.get(key), key)
        if BASE in METRICS[key].against:
            made[AGAINST_BASE] = _against(row, key, BASE)
    return made | _costs(found, row)


def _costs(found: Result, row: Row) -> dict[str, str]:
    """What an arm was given and took: on the clock scoring and reference models come first, then training."""
    together = None if row.seconds is None or row.preparation is None else row.preparation + row.seconds
    passes = {"passes": NOTHING if row.epochs is None else f"{row.epochs:.2f}"} if found.budget != "raw" else {}
    return passes | {"preparation": _took(row.preparation), "training": _took(row.seconds), "together": _took(together),
                     "memory": size(row.memory) if row.memory is not None else NOTHING}


def _took(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    return duration(seconds) if seconds else "0 s"


def title(key: str, found: Result) -> str:
    """A metric as a column's name."""
    words = verdict.words(key, found) if key == CORRECT else METRICS[key].title
    return f"{words[:1].upper()}{words[1:]} ({METRICS[key].unit})"


def shown(figure: Figure | None, key: str) -> str:
    """`43.0 [38.2, 47.9]`"""
    if figure is None:
        return NOTHING
    return interval(figure.estimate, METRICS[key])


def interval(found: Estimate, metric: Metric) -> str:
    """The same of an estimate by itself."""
    value, low, high = (f"{metric.scale * part:.{metric.digits}f}" for part in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


def _trained(row: Row) -> str:
    if row.trained is None:
        return NOTHING
    return f"{count(row.trained)} ({percent(row.share)})" if row.share is not None else count(row.trained)


def _against(row: Row, key: str, control: str) -> str:
    found = row.figures[key].against.get(control) if key in row.figures else None
    return NOTHING if found is None else difference(found, METRICS[key])


def difference(found: Difference, metric: Metric) -> str:
    """`+0.7 [−2.1, +3.5], p = 0.61, adjusted 1.00`"""
    value, low, high = (verdict.signed(part, metric) for part in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}], {verdict.chance(found)}"


def missing(found: Result) -> list[str]:
    """Why cells are missing, a sentence each."""
    return [sentence for row in found.rows for sentence in _missing(found, row)]


def _missing(found: Result, row: Row) -> list[str]:
    if row.missing:
        return row.missing
    if len(row.seeds) < row.wanted:
        return [f"{row.title}: {len(row.seeds)} of {row.wanted} seeds are evaluated so far." if row.seeds
                else f"{row.title}: not evaluated yet."]
    lacking = [key for key in columns(found) if key not in row.figures]
    return [f"{row.title}, {title(key, found)}: {METRICS[key].lacking}." for key in lacking]


def numbers(found: Result) -> pd.DataFrame:
    """The same as plain numbers, a row for each row: shares in [0, 1], nats, seconds, bytes."""
    return pd.DataFrame([_numbers(row) for row in found.rows])


def _numbers(row: Row) -> dict[str, Any]:
    made: dict[str, Any] = {"strategy": row.name, "seeds": len(row.seeds), "seeds_wanted": row.wanted,
                            "trained_tokens": row.trained, "kept_share": row.share, "passes": row.epochs,
                            "preparation_seconds": row.preparation, "seconds": row.seconds,
                            "memory_bytes": row.memory}
    for key, figure in row.figures.items():
        made |= {key: figure.estimate.value, f"{key}_low": figure.estimate.low, f"{key}_high": figure.estimate.high}
        for reference, one in figure.against.items():
            made |= {f"{key}_minus_{reference}": one.value, f"{key}_minus_{reference}_low": one.low,
                     f"{key}_minus_{reference}_high": one.high, f"{key}_minus_{reference}_p": one.p,
                     f"{key}_minus_{reference}_p_holm": one.adjusted}
    return made | {"missing": " ".join(row.missing)}


def items(comparison: Comparison) -> pd.DataFrame:
    """Every example of every evaluation, the base model first. Raises: StoreError."""
    parts = []
    for arm in (None, *comparison.arms):
        if found := evaluation(comparison, arm):
            told = {"strategy": arm.strategy if arm else BASE, "seed": arm.seed if arm else None}
            parts.append(found.items.assign(**told)[[*told, *found.items.columns]])
    return pd.concat([part.astype({"seed": "Int64"}) for part in parts], ignore_index=True) if parts else pd.DataFrame()


def as_json(found: Result) -> dict[str, Any]:
    """The whole result as plain values, for `--json`."""
    told = verdict.verdict(found)
    return asdict(found) | {"done": found.done, "metric": found.metric, "verdict": asdict(told)}
