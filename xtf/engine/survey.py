"""The first pass over a dataset: every example is read, rendered and counted before any model is loaded.

All faults of the data come out here, so that none can end a run half-way; and the total is known for the progress.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from xtf.config import DataSettings
from xtf.data import domains, formats, render
from xtf.data.types import Example, Tokens
from xtf.errors import DataError
from xtf.progress import Progress, silent

SHARD_TOKENS = 16_384
_DOMAIN_SAMPLE = 100

Window = list[tuple[Example, Tokens]]


@dataclass(frozen=True)
class Survey:
    """What a dataset holds once rendered with a tokenizer."""

    lengths: Sequence[int]  # tokens of each example, in order; compact, four bytes each
    trainable: int  # tokens
    tally: Counter[str] = field(default_factory=Counter)  # what was skipped, cut or replaced
    format: str = ""
    domain: str = ""
    domain_words: tuple[str, ...] = ()

    @cached_property
    def tokens(self) -> int:
        return sum(self.lengths)

    @property
    def notes(self) -> list[str]:
        """A sentence for whatever was not taken as it came."""
        return [words.format(count) for key, words in _NOTES.items() if (count := self.tally[key])]


_NOTES = {
    "skipped_empty": "{} examples with an empty response were left out.",
    "skipped_too_long": "{} examples were left out because they are longer than the limit.",
    "truncated": "{} examples were longer than the limit and lost their end.",
    "renamed_ids": "{} examples repeat another one's id and got their position appended to it.",
    "replaced_surrogates": "{} lone surrogates, which no tokenizer can read, were replaced by U+FFFD.",
}


def survey(settings: DataSettings, tokenizer: Any, context: int | None, progress: Progress = silent) -> Survey:
    """Reads everything once. Raises: DataError for the first fault in the data, or when nothing is left to score."""
    tally: Counter[str] = Counter()
    lengths = array("i")
    sample: list[str] = []
    trainable = 0
    for example, tokens in rendered(settings, tokenizer, context, tally):
        if len(sample) < _DOMAIN_SAMPLE:
            sample.append("\n".join(turn.content for turn in example.messages if turn.role == "assistant"))
        lengths.append(len(tokens))
        trainable += int(tokens.trainable.sum())
        progress(len(lengths), 0, "reading data")
    if not lengths:
        raise DataError(f"{settings.data} has no example left to score ({dict(tally) or 'it is empty'}).")
    domain, words = domains.choose(settings.domain, sample)
    return Survey(lengths, trainable, tally, formats.format_of(settings), domain, tuple(words))


def rendered(settings: DataSettings, tokenizer: Any, context: int | None,
             tally: Counter[str]) -> Iterator[tuple[Example, Tokens]]:
    """All examples with their tokens, in order; those that are skipped are counted in `tally`."""
    tokens_of: Callable[[Example], Tokens | None] = render.renderer(tokenizer, settings, context, tally)
    for example in formats.examples(settings, tally):
        if (tokens := tokens_of(example)) is not None:
            yield example, tokens


def windows(stream: Iterator[tuple[Example, Tokens]]) -> Iterator[Window]:
    """Consecutive examples of about SHARD_TOKENS tokens: one window is one shard, whatever the machine."""
    window: Window = []
    count = 0
    for example, tokens in stream:
        window.append((example, tokens))
        count += len(tokens)
        if count >= SHARD_TOKENS:
            yield window
            window, count = [], 0
    if window:
        yield window
