"""What rows mean: one literal table of formats, each a recogniser and a converter from a row to messages."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from xtf.config import DataSettings
from xtf.data import sources
from xtf.data.row import Row
from xtf.data.seen import Seen
from xtf.data.types import Example, Message
from xtf.errors import DataError

PEEK = 5  # rows looked at to recognise a format

#: Usual names of prompt and response, in the order in which they are tried.
PAIRS = (
    ("prompt", "response"), ("prompt", "completion"), ("question", "answer"), ("instruction", "output"),
    ("instruction", "response"), ("input", "output"), ("query", "response"), ("question", "response"),
    ("problem", "solution"), ("prompt", "output"), ("prompt", "answer"), ("prompt", "text"), ("query", "answer"),
    ("input", "target"), ("source", "target"), ("user", "assistant"), ("human", "assistant"),
)
ID_COLUMNS = ("id", "_id", "task_id", "pubid", "uid", "uuid", "example_id", "question_id")



def _by_name(row: Row) -> list[Message]:
    columns = _pair_columns(set(row.values), row.settings)
    if columns is None:
        raise _no_pair(str(row), row.values)
    return row.pair(*columns)


def _alpaca(row: Row) -> list[Message]:
    system = row.plain(row.values.get("system"), "system")
    parts = [row.text("instruction"), row.plain(row.values.get("input"), "input")]
    return [*([Message("system", system)] if system else []), Message("user", "\n".join(filter(None, parts))),
            Message("assistant", row.text("output"))]


def _pubmedqa(row: Row) -> list[Message]:
    """Abstract and question; then the long answer and, on a line of its own, the decision."""
    original = "QUESTION" in row.values
    contexts = row.cell("CONTEXTS" if original else "context")
    contexts = contexts.get("contexts", []) if isinstance(contexts, dict) else contexts
    contexts = contexts if isinstance(contexts, list) else [contexts]
    question = row.text("QUESTION" if original else "question")
    answer = row.text("LONG_ANSWER" if original else "long_answer")
    decision = row.plain(row.values.get("final_decision"), "final_decision")
    prompt = "\n".join(row.plain(context, "context") for context in contexts) + f"\n\nQuestion: {question}"
    lines = [answer, f"Final decision: {decision}" if decision else ""]
    return [Message("user", prompt), Message("assistant", "\n".join(filter(None, lines)))]


def _fiqa(row: Row) -> list[Message]:
    """The first of several true answers, where the row has them."""
    truths = row.values.get("ground_truths")
    if not isinstance(truths, list):
        return row.pair("question", "answer")
    answer = row.plain(truths[0] if truths else None, "ground_truths")
    return [Message("user", row.text("question")), Message("assistant", answer)]


def _has(*columns: str) -> Callable[[set[str], Sequence[Mapping[str, Any]], DataSettings], bool]:
    return lambda present, rows, settings: set(columns) <= present


@dataclass(frozen=True)
class Format:
    """How rows of one kind are recognised and what they say."""

    fits: Callable[[set[str], Sequence[Mapping[str, Any]], DataSettings], bool]  # columns, first rows, settings
    messages: Callable[[Row], list[Message]]
    help: str


#: Tried from top to bottom: what has the most particular columns stands first.
FORMATS: dict[str, Format] = {
    "humaneval": Format(_has("prompt", "canonical_solution"), lambda row: row.pair("prompt", "canonical_solution"),
                        "HumanEval: prompt and canonical_solution."),
    "pubmedqa": Format(
        lambda columns, rows, settings: {"QUESTION", "CONTEXTS", "LONG_ANSWER"} <= columns
        or {"question", "context", "long_answer"} <= columns,
        _pubmedqa, "PubMedQA: contexts and question; the long answer, then a line with the final decision."),
    "codeexercise": Format(_has("chat_rounds"), lambda row: row.turns("chat_rounds"),
                           "CodeExercise: chat_rounds of human and bot."),
    "numinamath": Format(
        lambda columns, rows, settings: {"problem", "solution"} <= columns <= {"source", "problem", "solution",
                                                                               "messages", "id"},
        lambda row: row.pair("problem", "solution"), "NuminaMath-CoT: problem and solution."),
    "fiqa": Format(
        lambda columns, rows, settings: {"question", "ground_truths"} <= columns
        or ("fiqa" in settings.data.lower() and {"question", "answer"} <= columns),
        _fiqa, "FiQA: question and answer (or the first of ground_truths)."),
    "gsm8k": Format(
        lambda columns, rows, settings: {"question", "answer"} <= columns
        and all("####" in str(row.get("answer")) for row in rows),
        lambda row: row.pair("question", "answer"), "GSM8K: question, and an answer that ends in #### N."),
    "messages": Format(_has("messages"), lambda row: row.turns("messages"),
                       "Chat: messages with role and content; every assistant turn is trained."),
    "sharegpt": Format(_has("conversations"), lambda row: row.turns("conversations"),
                       "ShareGPT: conversations with from and value; every gpt turn is trained."),
    "alpaca": Format(_has("instruction", "input", "output"), _alpaca, "Alpaca: instruction, input and output."),
    "prompt-response": Format(
        lambda columns, rows, settings: _pair_columns(columns, settings) is not None,
        _by_name, "Any two columns, named with --prompt-column and --response-column."),
}


def recognise(rows: Sequence[Mapping[str, Any]], settings: DataSettings) -> str:
    """The name of the format of these first rows: the one asked for, prompt-response where columns are named, else the
    first that fits. Raises: DataError listing the columns present where none fits."""
    if settings.format != "auto":
        return settings.format
    columns = {str(column) for row in rows for column in row}
    if settings.prompt_column or settings.response_column:
        return "prompt-response"
    for name, format_ in FORMATS.items():
        if format_.fits(columns, rows, settings):
            return name
    raise _no_pair(settings.data, rows[0])


def format_of(settings: DataSettings) -> str:
    """The format of the data, from its first rows. Raises: DataError."""
    return recognise(list(islice(sources.rows(settings), PEEK)), settings)


def examples(settings: DataSettings, tally: Counter[str] | None = None) -> Iterator[Example]:
    """The examples of the data in order, streamed, at most `settings.limit`.

    `tally` counts what was changed or left out: skipped_empty, replaced_surrogates (characters), renamed_ids.
    Raises: DataError for unreadable data, missing columns, and empty responses where they are not to be skipped.
    """
    tally = Counter() if tally is None else tally
    return islice(_examples(settings, tally), settings.limit)


def _examples(settings: DataSettings, tally: Counter[str]) -> Iterator[Example]:
    rows = sources.rows(settings)
    first = list(islice(rows, PEEK))
    converter = FORMATS[recognise(first, settings)].messages
    seen = Seen()
    for number, values in enumerate(chain(first, rows), 1):
        row = Row(values, number, settings)
        messages = tuple(Message(turn.role, clean(turn.content, tally)) for turn in converter(row))
        if any(turn.role == "assistant" and turn.content for turn in messages):
            yield Example(_unique(_own_id(row), number, seen, tally), messages, {"row": number})
        else:
            _leave_out(row, tally)


def clean(text: str, tally: Counter[str]) -> str:
    """Lone surrogates, which no encoding can hold, become U+FFFD, one for one."""
    text, count = re.subn("[\ud800-\udfff]", "\ufffd", text)
    if count:
        tally["replaced_surrogates"] += count
    return text


def _leave_out(row: Row, tally: Counter[str]) -> None:
    if row.settings.empty == "error":
        raise DataError(f"{row} has an empty response; fill it in, or leave such rows out with --empty skip.")
    tally["skipped_empty"] += 1


def _own_id(row: Row) -> str:
    for column in ID_COLUMNS:
        if isinstance(row.values.get(column), str | int):
            return clean(str(row.values[column]), Counter()) or str(row.number - 1)
    return str(row.number - 1)


def _unique(name: str, number: int, seen: Seen, tally: Counter[str]) -> str:
    """Repeated ids get the row's position."""
    if name in seen:
        tally["renamed_ids"] += 1
        name = f"{name}#{number - 1}"
    seen.add(name)
    return name


def _pair_columns(columns: set[str], settings: DataSettings) -> tuple[str, str] | None:
    """The columns of prompt and response: those named, else a usual pair, whatever its case."""
    prompt, response = settings.prompt_column, settings.response_column
    if prompt and response:
        return prompt, response
    lower = {column.lower(): column for column in columns}
    for left, right in PAIRS:
        pair = prompt or lower.get(left), response or lower.get(right)
        if pair[0] and pair[1] and pair[0] != pair[1]:
            return pair[0], pair[1]
    return None


def _no_pair(where: str, columns: Iterable[str]) -> DataError:
    return DataError(f"No known format fits the columns of {where} ({', '.join(map(str, columns))}); name those of "
                     "prompt and response with --prompt-column and --response-column.")
