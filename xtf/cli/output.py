"""What commands print: one JSON object with --json, words and tables for people without."""

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from xtf import jobs
from xtf.progress import Meter, line
from xtf.progress import Progress as ProgressCallback

_STDERR = Console(stderr=True, soft_wrap=True)

json_flag = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


def show(value: Any, as_json: bool, *people: Any) -> Any:
    """Prints `value` as JSON, or what is meant for people, and returns it so that a job can keep it."""
    if as_json:
        click.echo(json.dumps(plain(value), allow_nan=False))
    else:
        console = Console(width=None if sys.stdout.isatty() else 160)  # nobody's window folds a file or a pipe
        for part in people:
            console.print(Text(part) if isinstance(part, str) else part)  # Text: data is never read as markup
    return plain(value)


def plain(value: Any) -> Any:
    """Numbers of NumPy and NaN as JSON knows them: NaN and infinities become null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table for people: columns of numbers to the right, text from data taken literally."""
    made = Table(title=title or None, title_justify="left")
    for number, name in enumerate(columns):
        numbers = all(row[number][:1].isdigit() for row in rows)
        made.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*map(Text, row))
    return made


@contextmanager
def progress() -> Iterator[ProgressCallback]:
    """A progress bar on stderr where somebody watches, status.json where this process is a job."""
    if report := jobs.reporter():
        yield report
        return
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[line]}"),
                   console=_STDERR, disable=not _STDERR.is_terminal)
    with bar:
        task = bar.add_task("starting", total=None, line="")
        yield _to_bar(bar, task)


def say(sentence: str) -> None:
    """A sentence before the end: above the bar on stderr, or on the page where this process is a job."""
    if report := jobs.reporter():
        report.say(sentence)
    _STDERR.print(Text(sentence))


def _to_bar(bar: Progress, task: Any) -> Callable[[int, int, str], None]:
    meter = Meter()

    def update(done: int, total: int, stage: str) -> None:
        meter(done, total, stage)
        bar.update(task, description=stage, completed=done, total=total or None,
                   line=" · ".join(line(done, total, stage, meter.rate)))
    return update
