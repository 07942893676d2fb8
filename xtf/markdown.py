"""Markdown of cards and reports: foreign text in it is always taken literally. Pure functions."""

import re
from collections.abc import Iterable
from typing import Any

from xtf.words import escaped

_SIGNS = re.compile(r"([\\`*_\[\]<>#|~$&!])")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are Markdown already."""
    head = list(head)
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}",
                      *(f"| {' | '.join(row)} |" for row in rows)])


def plain(value: Any) -> str:
    """Foreign text as itself: no Markdown, no HTML, no control or direction sign."""
    return escaped(CONTROLS.sub(" ", str(value)))


def sentence(words: str) -> str:
    """Words of ours that may hold a foreign name: what Markdown or HTML would make something of is taken literally."""
    plain = _SIGNS.sub(r"\\\1", CONTROLS.sub(" ", words))
    return re.sub(r"^(\d*)([-+.)=])(?=\s)", r"\1\\\2", plain)


def code(value: Any) -> str:
    """Foreign text in a code span. A bar would end a table's cell even there."""
    words = CONTROLS.sub(" ", str("" if value is None else value)).replace("|", "∣")
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", words)), default=0))
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{ticks}{pad}{words}{pad}{ticks}" if words else ""


def fenced(words: str) -> str:
    """A block of one shell command."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", words)), default=0))
    return f"{ticks}bash\n{CONTROLS.sub(' ', words)}\n{ticks}"
