"""Plants noise in answers and says where. Pure and seeded: the same example, sources and seed give the same text.

Three answers in four get one plant of each kind for which they have a place; the others stay as they are, so that real
text has its say, too. The line that states the final answer is left alone, because the default preset protects it.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from xtf.data.render import FINAL_ANSWER
from xtf.data.types import Example

CLEAN_SHARE = 0.25  # of the examples
WORDS = 4  # random words in one plant
_TRIES = 20  # digits that are drawn until one fits

#: What chat models put around answers. Written for this bench.
BOILERPLATE = (
    "Great question!", "I hope this helps!", "Let me know if you have any other questions.", "Sure, happy to help!",
    "Thank you for asking.", "Feel free to reach out if anything is unclear.", "Let's dive right in.",
    "As an AI assistant, I am always here for you.", "Please do not hesitate to ask again.",
    "That is a really interesting topic.", "I would be glad to explain this further.", "Have a wonderful day!",
    "Here is a detailed answer to your request.", "Don't forget to like and share this answer.",
    "In conclusion, I trust that this was useful to you.", "Absolutely, I can help you with that.",
    "It is important to note the following.", "Thanks for your patience while I put this together.",
    "Remember, practice makes perfect!", "Stay tuned for more tips like these.")

_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z\"(])")
_SPACE = re.compile(r"(?<=\S) (?=\S)")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?!\w)")


class Span(NamedTuple):
    """One plant: [start, end) in characters of the answer, and the digit that stood there before."""

    kind: str
    start: int
    end: int
    was: str


@dataclass(frozen=True)
class Sources:
    """What is planted. foreign: sentences of each other field; digits: those of the data's own numbers, as often as
    they are there; comment: what a sentence has to stand behind in code."""

    foreign: Sequence[Sequence[str]]
    words: Sequence[str]
    boilerplate: Sequence[str] = BOILERPLATE
    digits: str = "0123456789"
    comment: str = ""


@dataclass(frozen=True)
class Planted:
    """An example with noise in its last answer; none where it stays clean."""

    example: Example
    spans: tuple[Span, ...]


class _Edit(NamedTuple):
    at: int  # characters of the original
    removed: int
    before: str
    text: str  # what is planted
    after: str
    kind: str


def planted(examples: Iterable[Example], sources: Sources, seed: int) -> Iterator[Planted]:
    """Each example with what was planted in the last message of its assistant. Blanks at an answer's end are cut."""
    for example in examples:
        draw = random.Random(f"{seed} {example.id}")
        place = max(number for number, turn in enumerate(example.messages) if turn.role == "assistant")
        answer = example.messages[place].content.rstrip()
        text, spans = (answer, ()) if draw.random() < CLEAN_SHARE else plant(answer, sources, draw)
        turns = list(example.messages)
        turns[place] = replace(turns[place], content=text)
        yield Planted(replace(example, messages=tuple(turns)), spans)


def plant(answer: str, sources: Sources, draw: random.Random) -> tuple[str, tuple[Span, ...]]:
    """The answer with one plant of each kind, in places of their own, and the plants in the order of the text."""
    edits = [*_sentences(answer, sources, draw), *_digit(answer, sources.digits, draw), *_words(answer, sources, draw)]
    text, done, spans = "", 0, []
    for edit in sorted(edits, key=lambda edit: (edit.at, edit.removed)):
        text += answer[done:edit.at] + edit.before
        done = edit.at + edit.removed
        spans.append(Span(edit.kind, len(text), len(text) + len(edit.text), answer[edit.at:done]))
        text += edit.text + edit.after
    return text + answer[done:], tuple(spans)


def sentences(answer: str) -> list[str]:
    """The lines of an answer, prose cut into its sentences; without the line that states the final answer."""
    lines = (line.strip() for line in _body(answer).splitlines())
    return [part for line in lines for part in _SENTENCE.split(line) if part]


def digits(answer: str) -> str:
    """All digits of an answer's numbers."""
    return "".join(answer[at] for at, _ in _digits_of(answer))


def _body(answer: str) -> str:
    """The answer up to the line that states the final answer."""
    found = FINAL_ANSWER.search(answer)
    return answer[:found.start()] if found else answer


def _sentences(answer: str, sources: Sources, draw: random.Random) -> Iterator[_Edit]:
    """Boilerplate and off-domain text before two different sentences or lines, or at the end."""
    given = {"boilerplate": draw.choice(sources.boilerplate), "off_domain": draw.choice(draw.choice(sources.foreign))}
    places = _places(answer, code=bool(sources.comment))
    for (kind, text), at in zip(given.items(), draw.sample(places, min(len(places), len(given))), strict=False):
        before, after = _around(answer, at, sources.comment)
        yield _Edit(at, 0, before, text, after, kind)


def _places(answer: str, code: bool) -> list[int]:
    """Where a sentence can stand: at the beginning of a line that is not blank or (not in code) of a sentence, and at
    the end unless that is the final answer."""
    body = _body(answer)
    found = {match.start() for match in re.finditer(r"^(?=.*\S)", body, re.M)}
    if not code:
        found |= {match.end() for match in _SENTENCE.finditer(body)}
    return sorted(found | ({len(answer)} if body == answer else {len(body)}))


def _around(answer: str, at: int, comment: str) -> tuple[str, str]:
    """What stands before and after a sentence at that place: a line of its own where the answer has lines."""
    joint = "\n" if "\n" in answer or comment else " "
    starts_line = at == 0 or answer[at - 1] == "\n"
    if at == len(answer):
        return joint + _indent(answer.rpartition("\n")[2], comment), ""
    if starts_line:
        return _indent(answer[at:], comment), joint
    return "", " "


def _indent(line: str, comment: str) -> str:
    """In code: a line's indentation and the sign of a comment."""
    return line[:len(line) - len(line.lstrip(" \t"))] + comment if comment else ""


def _digit(answer: str, digits: str, draw: random.Random) -> Iterator[_Edit]:
    """One digit of one number, which so gets another value; a number never begins with a new 0. The new digit is drawn
    first, as often as the data has it, so that it is wrong by its place alone and not given away by being rare."""
    for new in draw.choices(digits, k=_TRIES) if digits else ():
        if fitting := [at for at, leads in _digits_of(answer) if answer[at] != new and not (leads and new == "0")]:
            yield _Edit(draw.choice(fitting), 1, "", new, "", "wrong_digit")
            return


def _digits_of(answer: str) -> list[tuple[int, bool]]:
    """Where the digits of an answer's numbers are, and whether each is the first of several."""
    return [(number.start() + place, place == 0 and len(number[0]) > 1)
            for number in _NUMBER.finditer(_body(answer)) for place, sign in enumerate(number[0]) if sign.isdecimal()]


def _words(answer: str, sources: Sources, draw: random.Random) -> Iterator[_Edit]:
    """Random words between two words of one line."""
    if spaces := list(_SPACE.finditer(_body(answer))):
        text = " ".join(draw.choice(sources.words) for _ in range(WORDS))
        yield _Edit(draw.choice(spaces).start(), 0, " ", text, "", "random")
