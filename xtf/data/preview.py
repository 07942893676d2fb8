"""What the data looks like before anything is scored: raw rows, the recognised format, and the rendered tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from xtf.config import DataSettings
from xtf.data import formats, sources
from xtf.data.render import renderer
from xtf.data.types import Example, Tokens
from xtf.errors import DataError


@dataclass(frozen=True)
class Preview:
    """One example as it will be scored."""

    format: str
    example: Example
    tokens: Tokens


@dataclass(frozen=True)
class Glimpse:
    """The columns and first rows of the data as they are, for a form that overrides the recognised format."""

    columns: list[str]
    rows: list[Mapping[str, Any]]


def glimpse(settings: DataSettings, count: int = 3) -> Glimpse:
    """Raises: DataError where the data cannot be read."""
    rows = list(islice(sources.rows(settings), max(count, formats.PEEK)))
    return Glimpse(list(dict.fromkeys(str(column) for row in rows for column in row)), [*rows[:count]])


def preview(settings: DataSettings, tokenizer: Any, context: int | None, count: int = 3) -> list[Preview]:
    """The first `count` examples that will be scored. Raises: DataError, ModelError as scoring would."""
    name = formats.format_of(settings)
    render = renderer(tokenizer, settings, context)
    drawn = ((example, render(example)) for example in formats.examples(settings))
    found = list(islice((Preview(name, example, tokens) for example, tokens in drawn if tokens is not None), count))
    if not found:
        raise DataError(f"{settings.data} has no example that can be scored: all of them are skipped. Check the "
                        "format, --empty and --too-long.")
    return found
