"""Does the store keep its promises at any length of data? Made-up scores, no model.

    python benchmarks/store.py                                 1,000,000 examples read, a store of 100 M tokens
    python benchmarks/store.py --examples 0 --tokens 10000000 --json

The first part pushes examples from a file through reading, templates, tokenisation and shards, and compares its peak
memory after a tenth with that at the end. The second part writes a store, opens it in a new process, judges every token
and moves thresholds. About 80 bytes of disk a token, which are freed in the end. Exit 1 if a bar is missed.
"""

import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import numpy as np
from store_data import Counts, shards, types, write_rows

OPEN_SECONDS, CHANGE_SECONDS, GROWTH = 2.0, 1.0, 1.10


def stream(examples: int, model: str, data: str) -> dict[str, Any]:
    """Survey, then shards as scoring writes them, but with made-up columns."""
    from xtf import models, runs
    from xtf.config import ScoreSettings
    from xtf.engine import survey as surveying
    from xtf.engine.window import shard_table
    from xtf.store import Manifest

    settings = ScoreSettings(data=data, model=model)
    tokenizer = models.load_tokenizer(settings)
    peaks: dict[str, float] = {}
    started = time.perf_counter()

    def told(done: int, total: int, stage: str) -> None:
        if done == examples // 10:
            peaks["survey, a tenth"] = peak()

    found = surveying.survey(settings, tokenizer, None, told)
    peaks["survey, all"], surveyed = peak(), time.perf_counter()
    run = runs.begin(Manifest("stream", "stream", settings.model_dump(), counts={"tokens": found.tokens}))
    done = 0
    for index, window in enumerate(surveying.windows(surveying.rendered(settings, tokenizer, None, Counter()))):
        run.write_shard(index, shard_table([_scored(example, tokens) for example, tokens in window]))
        done += len(window)
        if done >= examples // 10:
            peaks.setdefault("shards, a tenth", peak())
    peaks["shards, all"], written = peak(), time.perf_counter()
    growth = max(peaks["survey, all"] / peaks["survey, a tenth"], peaks["shards, all"] / peaks["shards, a tenth"])
    return {"examples": done, "tokens": found.tokens, "survey_examples_per_second": done / (surveyed - started),
            "shards_examples_per_second": done / (written - surveyed), "seconds": written - started,
            "peak_megabytes": peaks, "growth": growth}


def _scored(example: Any, tokens: Any) -> dict[str, Any]:
    """A row as scoring gives it."""
    from store_data import SCORES

    made_up = np.where(tokens.trainable, np.float32(0.5), np.float32(np.nan))
    return {"id": example.id, "text": tokens.text, "ids": tokens.ids, "starts": tokens.spans[:, 0],
            "ends": tokens.spans[:, 1], "marks": tokens.marks, **dict.fromkeys(SCORES, made_up)}


def build(tokens: int) -> dict[str, Any]:
    """Writes a store of so many tokens."""
    from xtf import runs
    from xtf.store import Manifest

    manifest = Manifest("big", "big", {}, counts={"tokens": tokens}, complete=True)
    run, counts, started = runs.begin(manifest), Counts(), time.perf_counter()
    for index, shard in enumerate(shards(tokens, counts)):
        run.write_shard(index, shard)
    run.finish(types(counts), manifest)
    return {"seconds": time.perf_counter() - started, "gigabytes": _gigabytes(run.path)}


def measure(repeats: int) -> dict[str, Any]:
    """Opens the store, judges it and moves thresholds: seconds, medians over `repeats`."""
    from xtf import filters, runs, stats
    from xtf.config import PRESETS

    def opening() -> Any:
        table = runs.open_run("big").table()
        table.example(len(table) // 2)
        return table

    opened, table = _timed(opening)
    corrected = PRESETS["corrected"][1]
    first, verdicts = _timed(lambda: filters.judge(table, corrected))
    summaries = {"first": _timed(lambda: stats.summary(table, verdicts))[0]}
    changes: dict[str, float] = {}
    anonymous = [unmapped()]
    for name, settings in _changes(corrected).items():
        warm, _ = _timed(lambda settings=settings: stats.summary(table, filters.judge(table, settings[-1])))
        times = []
        for turn in range(repeats):
            change = settings[turn % len(settings)]
            times.append(_timed(lambda change=change: stats.summary(table, filters.judge(table, change)))[0])
            anonymous.append(unmapped())
        changes[name] = statistics.median(times)
        summaries[f"first use: {name}"] = warm
    return {"examples": len(table), "tokens": int(table.offsets[-1]), "open": opened,
            "first_judgement": first, "changes": changes, "other": summaries | _readouts(table, verdicts),
            "peak_megabytes": peak(), "anonymous_megabytes": max([*anonymous, unmapped()]),
            "flat_gigabytes": _gigabytes(runs.open_run("big").path / "flat")}


def _changes(base: Any) -> dict[str, list[Any]]:
    """Threshold changes by name: settings that are gone through in turn. Each differs from the one before."""
    from xtf.config import Cutoff, Fence, Otsu, Quantile

    def each(**rules: list[Any]) -> list[Any]:
        (field, values), = rules.items()
        return [base.model_copy(update={field: value}) for value in values]

    return {
        "novelty cutoff": each(novelty=[Cutoff(value=value) for value in (0.95, 0.9, 0.85, 0.8)]),
        "novelty cutoff with cap": each(novelty=[Cutoff(value=value, cap=0.1) for value in (0.95, 0.9, 0.85)]),
        "reasoning quantile": each(reasoning=[Quantile(share=share) for share in (0.02, 0.05, 0.1, 0.2)]),
        "reasoning fence": each(reasoning=[Fence(k=k) for k in (1.0, 0.5, 1.5)]),
        "reasoning quantile of all": each(reasoning=[Quantile(share=share, scope="dataset") for share in (0.02, 0.1)]),
        "relevance cluster": each(relevance=[Otsu(drop=drop) for drop in (0, 1, 2)]),
        "relevance cutoff": each(relevance=[Cutoff(value=value) for value in (0.2, 0.3, 0.4)]),
        "combination": each(combine=["two", "any", "all"]),
    }


def _readouts(table: Any, verdicts: Any) -> dict[str, float]:
    from xtf import grid, stats

    found = {}
    for turn in ("first", "again"):
        found[f"examples, {turn}"] = _timed(lambda: stats.by_example(table, verdicts))[0]
        found[f"find by id, {turn}"] = _timed(lambda: table.find(str(len(table) - 1)))[0]
        found[f"most dropped tokens, {turn}"] = _timed(lambda: stats.top_dropped(table, verdicts))[0]
        found[f"every place of a moving cutoff, {turn}"] = _timed(lambda: grid.sweep(table, verdicts, "novelty"))[0]
    return found


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def peak() -> float:
    """Highest resident memory of this process so far, MB; mapped files count as far as they are in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def unmapped() -> float:
    """Resident memory that is no mapped file, MB; 0 where the kernel does not tell."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(lines["RssAnon"].split()[0]) / 1e3
    except (OSError, KeyError):
        return 0.0


def _gigabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9


def _apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function in a process of its own, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _bars(found: dict[str, Any]) -> list[dict[str, Any]]:
    bars = []
    if "stream" in found:
        bars.append(("memory at the end / after a tenth", found["stream"]["growth"], GROWTH))
    if "store" in found:
        bars.append(("open, s", found["store"]["open"], OPEN_SECONDS))
        bars += [(f"change: {name}, s", seconds, CHANGE_SECONDS) for name, seconds in found["store"]["changes"].items()]
    return [{"bar": name, "value": value, "limit": limit, "pass": value <= limit} for name, value, limit in bars]


@click.command(help=__doc__)
@click.option("--examples", default=1_000_000, show_default=True, help="Examples through the reader; 0: leave it out.")
@click.option("--tokens", default=100_000_000, show_default=True, help="Tokens in the store; 0: leave it out.")
@click.option("--repeats", default=5, show_default=True, help="Medians over so many turns.")
@click.option("--model", default="embedded", show_default=True, help="Whose tokenizer reads the examples.")
@click.option("--folder", type=click.Path(file_okay=False), help="Where to put files; a temporary folder if not given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object and nothing else.")
def main(examples: int, tokens: int, repeats: int, model: str, folder: str | None, as_json: bool) -> None:
    from xtf import models
    from xtf.config import ScoreSettings

    if examples and model == models.EMBEDDED:
        models.load_tokenizer(ScoreSettings(model=model))  # unpacked once, in the user's own workspace
        model = str(models.embedded_folder())
    home = Path(tempfile.mkdtemp(prefix="xtf-store-", dir=folder))
    os.environ["XTF_HOME"] = str(home)
    found: dict[str, Any] = {}
    try:
        if examples:
            _apart(write_rows, home / "rows.jsonl", examples)
            found["stream"] = _apart(stream, examples, model, str(home / "rows.jsonl"))
            shutil.rmtree(home / "runs")
        if tokens:
            found["build"] = _apart(build, tokens)
            found["store"] = _apart(measure, repeats)
    finally:
        shutil.rmtree(home)
    found["bars"] = _bars(found)
    click.echo(json.dumps(found) if as_json else _told(found))
    sys.exit(0 if all(bar["pass"] for bar in found["bars"]) else 1)


def _told(found: dict[str, Any]) -> str:
    """Figures and bars as text."""
    lines = []
    for part in [name for name in found if name != "bars"]:
        lines += [f"{part}:", *_lines(found[part], "  ")]
    for bar in found["bars"]:
        word = "pass" if bar["pass"] else "MISS"
        lines.append(f"{word}  {bar['bar']}: {bar['value']:.3g} (at most {bar['limit']:g})")
    return "\n".join(lines)


def _lines(values: dict[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {value:,.4g}" if isinstance(value, float) else f"{indent}{name}: {value:,}")
    return lines


if __name__ == "__main__":
    main()
