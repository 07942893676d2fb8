"""Examples found by their text or id: plain words, or a regular expression that may not take for ever."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import pyarrow as pa
import pyarrow.compute
import regex as expressions

from xtf.errors import SettingsError
from xtf.store import ScoreTable
from xtf.words import count

SECONDS = 2.0
LONGEST = 1000  # characters of a pattern
REPEATS = 10_000  # a{100}{100}: what is repeated is written out in memory when a pattern is read
_BRACES = re.compile(r"\{([^{}]*)\}")
_BEGINNING = 1000  # examples are first looked through so many at a time, so that a timeout is seen


@dataclass(frozen=True, eq=False)
class Found:
    """What a search has found in the first `searched` of `total` examples: all of them, unless time ran out."""

    examples: np.ndarray  # int64, positions, ascending
    searched: int
    total: int

    @property
    def note(self) -> str:
        """A sentence where the search is not complete, else nothing."""
        if self.searched == self.total:
            return ""
        return (f"Searched the first {count(self.searched)} of {count(self.total)} examples; then the time was up. "
                "A simpler pattern gets further.")


def plain(table: ScoreTable, query: str) -> Found:
    """Examples whose text or id holds `query` as it stands, whatever the case."""
    try:
        query.encode()
    except UnicodeEncodeError:  # half a character: no text of a run holds one
        return _all(table, [])
    options = {"pattern": query, "ignore_case": True}

    def hits(texts: pa.Array) -> np.ndarray:
        return pa.compute.match_substring(texts, **options).to_numpy(zero_copy_only=False)

    return _all(table, [first + np.flatnonzero(hits(texts) | hits(ids)) for first, texts, ids in _batches(table)])


def regex(table: ScoreTable, pattern: str, seconds: float = SECONDS) -> Found:
    """Examples in whose text or id the regular expression is found, in at most so many seconds.

    The case counts unless the pattern begins with (?i). Raises: SettingsError for a pattern that cannot be read, with
    the position of the fault.
    """
    compiled, deadline = _compiled(pattern), time.monotonic() + seconds
    found: list[int] = []
    for first, texts, ids in _batches(table):
        for place, strings in enumerate(zip(texts.to_pylist(), ids.to_pylist(), strict=True), first):
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError
                if any(compiled.search(string, timeout=left, concurrent=True) for string in strings):
                    found.append(place)
            except TimeoutError:
                return Found(np.array(found, np.int64), place, len(table))
    return Found(np.array(found, np.int64), len(table), len(table))


def _all(table: ScoreTable, found: list[np.ndarray]) -> Found:
    return Found(np.concatenate([np.zeros(0, np.int64), *found]), len(table), len(table))


def _batches(table: ScoreTable) -> Iterator[tuple[int, pa.Array, pa.Array]]:
    """Position of the first example, texts and ids, of so many examples as are in memory at a time."""
    first = 0
    for shard in table.shards:
        for batch in shard.select(["text", "id"]).to_batches(_BEGINNING):
            yield first, batch["text"], batch["id"]
            first += batch.num_rows


def _compiled(pattern: str) -> "expressions.Pattern[str]":
    if len(pattern) > LONGEST:
        raise SettingsError(f"The pattern is longer than {count(LONGEST)} characters: shorten it.")
    if _repeats(pattern) > REPEATS:
        raise SettingsError(f"The pattern repeats more than {count(REPEATS)} times, its counts in braces multiplied: "
                            "use smaller ones, or * and +.")
    try:
        return expressions.compile(pattern)
    except expressions.error as error:
        place = "" if error.pos is None else f" at character {error.pos + 1}"
        raise SettingsError(f"The pattern cannot be read: {error.msg}{place}. Mend it, or search for plain "
                            "text.") from error
    except (RecursionError, OverflowError, ValueError) as error:
        raise SettingsError("The pattern cannot be read: it is nested too deeply or holds too large a number. "
                            "Simplify it.") from error


def _repeats(pattern: str) -> int:
    counts = [[int(number) for number in re.findall(r"[0-9]+", inside)] for inside in _BRACES.findall(pattern)]
    return prod(max(1, *numbers) for numbers in counts if numbers)
