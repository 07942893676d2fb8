"""Which examples of a run are in the held-out data, too: compared by what the messages say, blanks and case aside.

What a run's messages said is read off its text and marks, so that neither the data nor a tokenizer is needed.
"""

import hashlib
from collections.abc import Iterable, Iterator
from enum import IntFlag
from itertools import pairwise

import numpy as np

from xtf.columns import Mark
from xtf.config import DataSettings, ExportSettings, ScoreSettings, settings
from xtf.data import formats
from xtf.data.types import Example
from xtf.store import Manifest, ScoreTable

#: Hashes of what is asked, of the same without a system message, and of what is answered; whether nothing is asked.
_SAID = np.dtype([("prompt", "u8"), ("core", "u8"), ("response", "u8"), ("silent", "?")])


class Same(IntFlag):
    """What an example has in common with one of the held-out data, uint8."""

    PROMPT = 1  # everything that the model is asked, with or without a system message
    RESPONSE = 2  # everything that it answers
    NO_PROMPT = 4  # there is nothing to ask


def shared(manifest: Manifest, table: ScoreTable, chosen: ExportSettings) -> np.ndarray:
    """uint8[N], bits of `Same`; 0 without held-out data. Raises: DataError where that cannot be read."""
    if chosen.held_out is None:
        return np.zeros(len(table), np.uint8)
    scored = settings(ScoreSettings, manifest.settings)
    source = _source(scored, chosen.held_out, chosen.held_out_split)
    return _common(table, np.fromiter(map(_of_example, formats.examples(source)), _SAID))


def between(table: ScoreTable, other: ScoreTable) -> np.ndarray:
    """uint8[N], bits of `Same`: what the examples of a run have in common with those of another run."""
    return _common(table, np.fromiter(_of_table(other), _SAID, len(other)))


def _common(table: ScoreTable, theirs: np.ndarray) -> np.ndarray:
    ours = np.fromiter(_of_table(table), _SAID, len(table))
    asked = np.isin(ours["prompt"], theirs["prompt"]) | np.isin(ours["core"], theirs["core"])
    answered = np.isin(ours["response"], theirs["response"])
    return ((asked & ~ours["silent"]) * np.uint8(Same.PROMPT) | answered * np.uint8(Same.RESPONSE)
            | ours["silent"] * np.uint8(Same.NO_PROMPT))


def leaks(found: np.ndarray) -> np.ndarray:
    """bool: the same is asked, or where nothing is asked, the same is said. found: uint8, bits of `Same`."""
    both = np.uint8(Same.RESPONSE | Same.NO_PROMPT)
    return ((found & np.uint8(Same.PROMPT)) != 0) | ((found & both) == both)


def _source(scored: ScoreSettings, held_out: str, split: str) -> DataSettings:
    """The held-out data, its rows taken for what those of the run were taken for."""
    return DataSettings(
        data=held_out, split=split, format=scored.format, empty="skip",
        config=scored.config if held_out == scored.data else None,
        prompt_column=scored.prompt_column, response_column=scored.response_column)


def _of_example(example: Example) -> tuple[int, int, int, bool]:
    """What `_SAID` holds of a held-out example."""
    asked = [turn for turn in example.messages if turn.role != "assistant"]
    return _said([turn.content for turn in asked], [turn.content for turn in asked if turn.role != "system"],
                 [turn.content for turn in example.messages if turn.role == "assistant"])


def _of_table(table: ScoreTable) -> Iterator[tuple[int, int, int, bool]]:
    """The same of each example of a run.

    Marks do not tell a system message from a question: it is the first of several messages before the answer.
    """
    for part in table.parts():
        prompt = (part.marks & np.uint8(Mark.PROMPT)) != 0
        response = part.trainable & ((part.marks & np.uint8(Mark.EOS)) == 0) | _unpredicted(part)
        for text, asked, answered in zip(part.texts(), _runs(part, prompt), _runs(part, response), strict=True):
            contents = [text[start:end] for start, end in asked]
            opened = len(asked) > 1 and bool(answered) and asked[1][0] < answered[0][0]
            yield _said(contents, contents[opened:], [text[start:end] for start, end in answered])


def _unpredicted(part: ScoreTable) -> np.ndarray:
    """bool[M]: tokens that open both a response and its example, which makes them untrainable, without a mark. Only
    without a template is there such a thing, and then no other token is without a mark."""
    unmarked, found = part.marks == 0, np.zeros(len(part.marks), bool)
    found[_heads(part)] = unmarked[_heads(part)]
    return found if np.array_equal(found, unmarked) else np.zeros(len(unmarked), bool)


def _heads(part: ScoreTable) -> np.ndarray:
    """int64: the first token of each example that has any."""
    return part.offsets[:-1][np.diff(part.offsets) > 0]


def _said(prompt: Iterable[str], core: Iterable[str], response: Iterable[str]) -> tuple[int, int, int, bool]:
    asked, alone = _bare(prompt), _bare(core)
    return _hash(asked), _hash(alone), _hash(_bare(response)), not asked


def _bare(texts: Iterable[str]) -> str:
    """The texts as one, without any blank and in lower case."""
    return "".join("".join(texts).split()).casefold()


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _runs(part: ScoreTable, flags: np.ndarray) -> Iterator[list[tuple[int, int]]]:
    """For each example, the characters [start, end) of each stretch of consecutive tokens that are flagged."""
    begins = flags & ~np.concatenate([np.zeros(1, bool), flags])[:-1]
    begins[_heads(part)] = flags[_heads(part)]
    ends = flags & np.append(~flags[1:] | begins[1:], True)
    first, last = np.flatnonzero(begins), np.flatnonzero(ends)
    spans = list(zip(part.column("starts")[first].tolist(), part.column("ends")[last].tolist()))
    cuts = np.searchsorted(first, part.offsets).tolist()
    return (spans[begin:end] for begin, end in pairwise(cuts))
