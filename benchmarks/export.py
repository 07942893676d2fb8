"""Is a large export written fast, and in memory that does not grow with it? Made-up scores, no model.

    python benchmarks/export.py                             10 million tokens, compared with a tenth of them
    python benchmarks/export.py --formats jsonl --with-scores --json

Each export is a process of its own and does all that `xtf export` does: the run's checksums, verdicts, preflight, the
files, their digests, and reading them back. Seconds are medians over --repeats. The naive way writes the smaller run
row by row from Python lists, with no check of anything, in the same minute; `times naive` compares tokens per second.
Memory is what the process holds beside mapped files, which the system may take back. Exit 1 if a bar is missed.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console
from rich.table import Table
from store import build, peak, unmapped

SECONDS, GROWTH = 20.0, 100.0  # megabytes
FORMATS = ("hf", "parquet", "jsonl")


def export(home: Path, format: str, scores: bool) -> dict[str, Any]:
    """One export of the run in `home`, in a fresh process: seconds by stage, and memory."""
    os.environ["XTF_HOME"] = str(home)
    from xtf.config import PRESETS, Check, ExportSettings
    from xtf.export import write

    settings = ExportSettings(format=format, with_scores=scores, allow=get_args(Check))
    stages, started = {"before": time.perf_counter()}, time.perf_counter()

    def told(done: int, total: int, stage: str) -> None:
        stages.setdefault(stage, time.perf_counter())

    with _Memory() as memory:
        record = write("big", PRESETS["corrected"][1], settings, home / "out", progress=told)
        ended = time.perf_counter()
    times = [*stages.values(), ended]
    size = sum(path.stat().st_size for path in (home / "out").rglob("*") if path.is_file())
    shutil.rmtree(home / "out")
    return {"seconds": ended - started, "tokens": record["counts"]["tokens"], "memory": memory.most,
            "resident": peak(), "megabytes": size / 1e6,
            "stages": {name: after - before for name, before, after in zip(stages, times, times[1:])}}


def naive(home: Path, format: str, scores: bool) -> dict[str, Any]:
    """The rows as one would write them by hand, from Python lists."""
    os.environ["XTF_HOME"] = str(home)
    from xtf import filters, runs
    from xtf.config import PRESETS

    out, started = home / "naive", time.perf_counter()
    out.mkdir()
    table = runs.open_run("big").table()
    rows = _rows(table, filters.judge(table, PRESETS["corrected"][1]), scores)
    _NAIVE[format](rows, out)
    seconds = time.perf_counter() - started
    shutil.rmtree(out)
    return {"seconds": seconds, "tokens": int(table.offsets[-1]), "resident": peak()}


def _rows(table: Any, verdicts: Any, scores: bool) -> Iterable[dict[str, Any]]:
    for index in range(len(table)):
        here = slice(table.offsets[index], table.offsets[index + 1])
        ids, keep = table.ids[here].tolist(), verdicts.keep[here].tolist()
        row = {"input_ids": ids, "attention_mask": [1] * len(ids),
               "labels": [id_ if kept else -100 for id_, kept in zip(ids, keep)]}
        if scores:
            row |= {name: [None if value != value else value for value in found.values[here].tolist()]
                    for name, found in verdicts.attributes.items()}
            row |= {"id": table.example_ids[index], "verdict": verdicts.bits[here].tolist()}
        yield row


def _naive_hf(rows: Iterable[dict[str, Any]], out: Path) -> None:
    import datasets

    datasets.disable_progress_bars()
    datasets.Dataset.from_list(list(rows)).save_to_disk(str(out))


def _naive_parquet(rows: Iterable[dict[str, Any]], out: Path) -> None:
    import pandas as pd

    pd.DataFrame(list(rows)).to_parquet(out / "data.parquet")


def _naive_jsonl(rows: Iterable[dict[str, Any]], out: Path) -> None:
    with (out / "data.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")


_NAIVE: dict[str, Callable[[Iterable[dict[str, Any]], Path], None]] = {
    "hf": _naive_hf, "parquet": _naive_parquet, "jsonl": _naive_jsonl}


class _Memory:
    """The most memory beside mapped files while a block runs, MB, looked at a hundred times a second."""

    def __init__(self) -> None:
        self.most, self._over = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.most = max(self.most, unmapped())
            if self._over.wait(0.01):
                return


def _apart(work: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def measured(large: Path, small: Path, format: str, scores: bool, repeats: int) -> dict[str, Any]:
    """One format: the larger run `repeats` times, and between these the smaller one and the naive way."""
    found = [{"large": _apart(export, large, format, scores), "small": _apart(export, small, format, scores),
              "naive": _apart(naive, small, format, scores)} for _ in range(repeats)]
    middle = sorted(found, key=lambda turn: turn["large"]["seconds"])[len(found) // 2]
    rates = [turn["large"]["tokens"] / turn["large"]["seconds"] / turn["naive"]["tokens"] * turn["naive"]["seconds"]
             for turn in found]
    memory = {name: max(turn[name]["memory"] for turn in found) for name in ("large", "small")}
    return middle["large"] | {"tokens_per_second": middle["large"]["tokens"] / middle["large"]["seconds"],
                              "times_naive": statistics.median(rates), "memory": memory["large"],
                              "memory_of_small": memory["small"], "growth": memory["large"] - memory["small"],
                              "small_tokens": middle["small"]["tokens"]}


def bars(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    judged = [(f"{name}: {bar}", one[key], limit) for name, one in found.items()
              for bar, key, limit in (("seconds", "seconds", SECONDS), ("growth of memory, MB", "growth", GROWTH))]
    return [{"bar": name, "value": value, "limit": limit, "pass": value <= limit} for name, value, limit in judged]


def table(found: dict[str, dict[str, Any]]) -> Table:
    shown = Table("format", "tokens", "seconds", "tokens/s", "× naive", "MB memory", "MB of small", "MB written",
                  "stages")
    for name, one in found.items():
        stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in one["stages"].items())
        shown.add_row(name, f"{one['tokens']:,}", f"{one['seconds']:.2f}", f"{one['tokens_per_second']:,.0f}",
                      f"{one['times_naive']:.1f}", f"{one['memory']:.0f}", f"{one['memory_of_small']:.0f}",
                      f"{one['megabytes']:.0f}", stages)
    return shown


@click.command(help=__doc__)
@click.option("--tokens", default=10_000_000, show_default=True, help="Tokens of the run.")
@click.option("--small", default=1_000_000, show_default=True, help="Tokens of the run to compare memory with.")
@click.option("--formats", multiple=True, type=click.Choice(FORMATS), help="Which; all if not given.")
@click.option("--with-scores", "scores", is_flag=True, help="With the score columns, too.")
@click.option("--repeats", default=3, show_default=True, help="Medians over so many turns.")
@click.option("--folder", type=click.Path(file_okay=False), help="Where to put files; a temporary folder if not given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object and nothing else.")
def main(tokens: int, small: int, formats: tuple[str, ...], scores: bool, repeats: int, folder: str | None,
         as_json: bool) -> None:
    home = Path(tempfile.mkdtemp(prefix="xtf-export-", dir=folder))
    found = {}
    try:
        for name, size in (("large", tokens), ("small", small)):
            os.environ["XTF_HOME"] = str(home / name)
            _apart(build, size)
        for format in formats or FORMATS:
            for more in (False, True)[:1 + scores]:
                name = f"{format} with scores" if more else format
                found[name] = measured(home / "large", home / "small", format, more, repeats)
    finally:
        shutil.rmtree(home)
    judged = bars(found)
    if as_json:
        click.echo(json.dumps({"formats": found, "bars": judged}))
    else:
        console = Console(width=160)
        console.print(table(found))
        for bar in judged:
            console.print(f"{'pass' if bar['pass'] else 'MISS'}  {bar['bar']}: {bar['value']:.3g} "
                          f"(at most {bar['limit']:g})", markup=False)
    sys.exit(0 if all(bar["pass"] for bar in judged) else 1)


if __name__ == "__main__":
    main()
