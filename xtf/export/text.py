"""The text form of an export: messages with the characters that are trained, for any tokenizer, and the way back.

A row is {"id", "messages"}, a message {"role", "content", "trained", "mixed", "eos"}: `trained` are [start, end) in
characters of `content`; `eos` says whether the end-of-turn token is trained, null where the run had none to train;
`mixed` is "" but where tokens of the run share a character and not the verdict ("5-6:1 5-6:0": start-end:trained, in
order), which only the run's own tokenizer can make use of.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from xtf import filters
from xtf.carry.contents import Mixed, Told, seen
from xtf.config import DataSettings
from xtf.data.render import drawer
from xtf.data.types import Example, Message
from xtf.errors import DataError

_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string()), ("trained", pa.list_(pa.list_(pa.int32()))),
                      ("mixed", pa.string()), ("eos", pa.bool_())])
COLUMNS = pa.schema([("id", pa.string()), ("messages", pa.list_(_MESSAGE))])
_MIXED = re.compile(r"(\d+)-(\d+):([01])")

Row = Mapping[str, Any]
Labels = tuple[np.ndarray, np.ndarray]  # input_ids int32[T], labels int32[T]


def row(example: Example, told: list[Told]) -> dict[str, Any]:
    """What the export says of one example."""
    return {"id": example.id, "messages": [
        {"role": message.role, "content": message.content, "trained": known.trained, "mixed": _written(known.mixed),
         "eos": known.eos} for message, known in zip(example.messages, told, strict=True)]}


def labels(row: Row, tokenizer: Any, *, template: str = "auto", eos: bool | None = None, max_length: int | None = None
           ) -> Labels:
    """One row as input_ids int32[T] and labels int32[T] (-100 where the loss sees nothing) for any tokenizer.

    As `labeller`, which is faster where there are several rows.
    """
    return labeller(tokenizer, template=template, eos=eos, max_length=max_length)(row)


def labeller(tokenizer: Any, *, template: str = "auto", eos: bool | None = None, max_length: int | None = None
             ) -> Callable[[Row], Labels]:
    """A function from a row of the text form to input_ids int32[T] and labels int32[T].

    The messages are rendered as when scoring: `template` is auto (the tokenizer's chat template, else none), none, or
    a file with a Jinja template; `eos` appends the end-of-turn token, as the run did if not given; `max_length` cuts
    what is longer, in tokens. A token is trained if at least half of its characters are. With the tokenizer, template,
    eos and limit of the run, these are exactly the labels of the run.

    Raises: ModelError for a tokenizer without offsets; DataError for a template that is missing or broken; called,
    DataError for what is no such row, or gives no response token.
    """
    def drawn(eos: bool) -> Callable[[Example], Any]:
        asked = DataSettings(template=template, eos=eos, max_length=max_length, too_long="truncate", empty="skip")
        return drawer(tokenizer, asked, None)

    with_end, without = drawn(True), drawn(False)

    def of(row: Row) -> Labels:
        example, told = _read(row)
        ends = any(known.eos is not None for known in told) if eos is None else eos
        drawing = (with_end if ends else without)(example)
        if drawing is None:
            raise DataError(f"Example {example.id} has no response token with this tokenizer, template and length; "
                            "leave it out.")
        return drawing.tokens.ids, filters.labels(drawing.tokens.ids, seen(example, told, drawing))

    return of


def _written(mixed: tuple[Mixed, ...]) -> str:
    return " ".join(f"{start}-{end}:{int(kept)}" for start, end, kept in mixed)


def _read(row: Row) -> tuple[Example, list[Told]]:
    try:
        messages = tuple(Message(message["role"], message["content"]) for message in row["messages"])
        told = [_told(message) for message in row["messages"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError("This is no row of a text export, whose messages have role, content, trained, mixed and eos "
                        f"({type(error).__name__}: {error}).") from error
    return Example(str(row.get("id", "")), messages), told


def _told(message: Mapping[str, Any]) -> Told:
    size = len(message["content"])
    trained = tuple((int(start), int(end)) for start, end in message["trained"])
    mixed = tuple((int(start), int(end), kept == "1") for start, end, kept in _MIXED.findall(message["mixed"]))
    if any(not 0 <= start <= end <= size for start, end, *_ in (*trained, *mixed)):
        raise ValueError("a stretch does not lie in its content")
    return Told(trained, mixed, message["eos"])
