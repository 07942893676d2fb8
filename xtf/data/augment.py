"""Data augmentation: a twin of an example, the same problem with other numbers and names and the right answer to it."""

import random
from dataclasses import dataclass, replace

from xtf.data import first_names, substitution
from xtf.data.types import Example, Message

VERSION = 1  # raise it whenever the same seed gives other twins: it is part of the name of augmented data

#: Why an example has no twin. All but the first are of responses with calculations, `<<48/2=24>>`.
REASONS = {
    "names": "holds neither calculations nor a first name that could be exchanged",
    "inexact": "a calculation is wrong, rounded or cannot be read",
    "final": "the final answer is not the last calculation's result",
    "aside": "a calculation does not lead to the final answer, so that something may be chosen by comparison",
    "unknown": "the answer uses a number that neither the question nor an earlier calculation gives",
    "fixed": "no number of the question can be changed without doubt about what depends on it",
    "ambiguous": "two quantities of one value would have to become different",
    "unsound": "no numbers drawn give results that are positive, and whole where they were",
    "turns": "calculations in several responses, or without a question before them",
}


@dataclass(frozen=True)
class Twin:
    """The other example. `numbers` says whether its numbers are new, or its names alone."""

    example: Example
    numbers: bool


def twin(example: Example, seed: int) -> Twin | str:
    """The twin of an example, its id with `-twin` after it, or the reason (a key of REASONS) why there is none. The
    same example and seed always give the same twin."""
    source = random.Random(f"{VERSION} {seed} {example.id}")
    solved = [turn for turn in example.messages if turn.role == "assistant" and "<<" in turn.content]
    calculated = any(substitution.CALCULATION.search(turn.content) for turn in solved)
    messages = _with_numbers(example.messages, source) if calculated else example.messages
    if isinstance(messages, str):
        return messages
    messages = _with_names(messages, source, both=not calculated)
    if messages == example.messages:
        return "names"
    return Twin(Example(f"{example.id}-twin", messages, dict(example.meta)), calculated)


def _with_numbers(messages: tuple[Message, ...], source: random.Random) -> tuple[Message, ...] | str:
    """One question and its answer with other numbers; a system message before them stays as it is."""
    *before, question, answer = messages if len(messages) > 1 else (messages[0], messages[0])
    if question.role != "user" or answer.role != "assistant" or any(turn.role != "system" for turn in before):
        return "turns"
    found = substitution.substituted(question.content, answer.content, source)
    if isinstance(found, str):
        return found
    return (*before, replace(question, content=found[0]), replace(answer, content=found[1]))


def _with_names(messages: tuple[Message, ...], source: random.Random, both: bool) -> tuple[Message, ...]:
    prompts = [turn.content for turn in messages if turn.role != "assistant"]
    responses = [turn.content for turn in messages if turn.role == "assistant"]
    others = first_names.others(prompts, responses, source, both)
    return tuple(replace(turn, content=first_names.exchanged(turn.content, others)) for turn in messages)
