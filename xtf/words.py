"""Numbers and foreign text as people read them. Pure functions."""

import re
from collections.abc import Sequence

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")

TITLES = {"reasoning": "Reasoning importance", "novelty": "Knowledge novelty", "relevance": "Task relevance"}
QUESTIONS = {
    "reasoning": "Do later tokens look at it?",
    "novelty": "Does the base model already know it?",
    "relevance": "Does it belong to this task?",
}
SHORT = {"reasoning": "RI", "novelty": "KN", "relevance": "TR"}


def escaped(text: str) -> str:
    """`text` so that Markdown shows it as itself: for labels and messages that hold names or text from data."""
    return PUNCTUATION.sub(r"\\\1", text).replace("\n", " ")


def count(number: float) -> str:
    """`12345` → `12,345`."""
    return f"{number:,.0f}"


def percent(share: float, digits: int = 1) -> str:
    """`0.9534` → `95.3 %`; a share that is small but not zero never reads as zero, nor one below 1 as all."""
    if share != share:
        return "none"
    text = f"{100 * share:.{digits}f}"
    least = f"{10 ** -digits:.{digits}f}"
    if share > 0 and float(text) == 0:
        return f"< {least} %"
    if share < 1 and float(text) == 100:
        return f"> {100 - 10 ** -digits:.{digits}f} %"
    return f"{text} %"


def short(name: str) -> str:
    """The last part of a path; a hub id or a plain name as it is."""
    return name.rstrip("/").rpartition("/")[2] if name.startswith("/") else name


def excerpt(text: str, longest: int = 90) -> str:
    """The start of a text on one line, for lists."""
    line = " ".join(text[: 4 * longest].split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def visible(text: str) -> str:
    """Blanks as signs, for a token shown alone."""
    return text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
