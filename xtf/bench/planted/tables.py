"""The figures of a bench with planted noise as tables: for the page, and as files."""

import pandas as pd

from xtf.bench.planted import verdict
from xtf.bench.planted.kinds import COLUMNS, TARGETS
from xtf.bench.planted.ranking import AUROC, METRICS, PRECISION, RECALLS
from xtf.bench.planted.result import Result

_WORDS = {AUROC: "AUROC", PRECISION: "average precision",
          **{name: f"recall at {100 * budget:.0f} %" for name, budget in RECALLS.items()}}


def signals(found: Result, data: str, metric: str) -> pd.DataFrame:
    """One metric of every signal (rows) against every kind (columns), with intervals, as text."""
    shown = verdict.interval if metric in (AUROC, PRECISION) else verdict.shares
    return pd.DataFrame([{"signal": title, **{
        kind.title: shown(cell.metrics[metric]) if (cell := found.cell(data, name, key)) else "—"
        for key, kind in COLUMNS.items()}} for name, title in found.signals.items()])


def filters(found: Result, data: str) -> pd.DataFrame:
    """What each filter drops: its share, the planted share of that, and the share of each kind that it catches."""
    rows = [{"filter": title, "drops": f"{100 * drop.share:.0f} %", "of that planted": verdict.shares(drop.precision),
             **{kind.title: verdict.shares(drop.recall[key]) for key, kind in TARGETS.items()}}
            for name, title in found.decisions.items() if (drop := found.drop(data, name))]
    return pd.DataFrame(rows)


def numbers(found: Result) -> pd.DataFrame:
    """Every figure in a row of its own, as a file: value and 95 % interval over examples."""
    titles = found.titles()
    rows = [{"data": titles[cell.data], "of": found.signals[cell.signal], "noise": COLUMNS[cell.kind].title,
             "figure": _WORDS[name], "value": one.value, "low": one.low, "high": one.high,
             "chance": _chance(name, cell.chance), "examples": one.n}
            for cell in found.cells for name in METRICS for one in [cell.metrics[name]]]
    for drop in found.drops:
        told = {("share dropped that is planted", "", drop.chance): drop.precision,
                **{("share of it dropped", TARGETS[kind].title, drop.share): one for kind, one in drop.recall.items()}}
        rows += [{"data": titles[drop.data], "of": found.decisions[drop.name], "noise": noise, "figure": figure,
                  "value": one.value, "low": one.low, "high": one.high, "chance": chance, "examples": one.n}
                 for (figure, noise, chance), one in told.items()]
    return pd.DataFrame(rows)


def _chance(metric: str, share: float) -> float:
    """What comes out without any skill."""
    return {AUROC: verdict.CHANCE, PRECISION: share}.get(metric, RECALLS.get(metric, share))
