"""The messages form of an export: the conversation with a training flag for each message and for stretches of it.

A row is {"messages"}, a message {"role", "content", "train", "train_detail"}, as Axolotl's `chat_template` reads it
with `message_field_training: train` and `message_field_training_detail: train_detail`. Offsets are in characters of
`content` and inclusive on both sides. A message of which everything is trained has an empty `train_detail`: Axolotl
then takes the whole turn.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from xtf.carry.contents import Told
from xtf.carry.drawings import responses
from xtf.columns import Mark
from xtf.data.chat import Region
from xtf.data.render import Drawing
from xtf.data.types import Example, Message

_DETAIL = pa.struct([("begin_offset", pa.int32()), ("end_offset", pa.int32()), ("train", pa.bool_())])
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string()), ("train", pa.bool_()),
                      ("train_detail", pa.list_(_DETAIL))])
COLUMNS = pa.schema([("messages", pa.list_(_MESSAGE))])


def row(example: Example, drawing: Drawing, keep: np.ndarray, told: list[Told]) -> dict[str, Any]:
    """What the export says of one example; `example` as `as_rendered` gives it."""
    whole = _whole(example, drawing, keep)
    return {"messages": [
        {"role": message.role, "content": message.content, "train": bool(known.trained or known.eos),
         "train_detail": [] if index in whole else _detail(known, len(message.content))}
        for index, (message, known) in enumerate(zip(example.messages, told, strict=True))]}


def as_rendered(example: Example, drawing: Drawing) -> Example:
    """The example with responses as the template shows them, trimmed perhaps: a trainer that tokenises contents by
    themselves then sees what is in the conversation."""
    messages = list(example.messages)
    for region in responses(example, drawing):
        messages[region.message] = Message("assistant", drawing.text[region.start:region.end])
    return Example(example.id, tuple(messages), example.meta)


def read_exactly(example: Example, drawing: Drawing, keep: np.ndarray, told: list[Told], tokenizer: Any) -> bool:
    """Whether a trainer that tokenises contents by themselves, tells tokens apart by where they begin, and trains the
    end of every trained turn is bound to get the same labels. (Otherwise it may.)"""
    if len(drawing.tokens.text) < len(drawing.text):  # cut off when scored
        return False
    whole = _whole(example, drawing, keep)
    trained = [region for region in responses(example, drawing)
               if told[region.message].trained or told[region.message].eos]
    return all(told[region.message].eos is not False and (
        region.message in whole or _apart(drawing, region, told[region.message], tokenizer)) for region in trained)


def _apart(drawing: Drawing, region: Region, known: Told, tokenizer: Any) -> bool:
    """Whether a content is made of the same tokens by itself, each of which begins elsewhere."""
    starts, ends = drawing.tokens.spans[:, 0], (drawing.tokens.marks & Mark.EOS) != 0
    inside = (drawing.tokens.spans[:, 1] > region.start) & (starts < region.end) & ~ends
    alone = tokenizer(drawing.text[region.start:region.end], add_special_tokens=False, verbose=False)["input_ids"]
    return len(np.unique(starts[inside])) == len(alone) == np.count_nonzero(inside) and not known.mixed


def _whole(example: Example, drawing: Drawing, keep: np.ndarray) -> set[int]:
    """The messages of which every token is trained."""
    tokens, found = drawing.tokens, set()
    last = int(tokens.spans[:, 1].max())
    for region in responses(example, drawing):
        inside = (tokens.spans[:, 0] < region.end) & (tokens.spans[:, 1] > region.start)
        inside &= (tokens.marks & Mark.EOS) == 0
        if inside.any() and keep[inside].all() and region.end <= last:
            found.add(region.message)
    return found


def _detail(known: Told, length: int) -> list[dict[str, Any]]:
    """Axolotl lets a token end where the next one begins: where a dropped token begins inside a kept one (the last
    bytes of a character), the stretch ends there, too."""
    trained = np.zeros(length + 1, bool)
    for start, end in known.trained:
        trained[start:end] = True
    begun = {start for start, _, kept in known.mixed if kept}
    for start, end, kept in known.mixed:
        if not kept and start not in begun:
            trained[start:end] = False
    edges = np.flatnonzero(np.diff(trained, prepend=False)).reshape(-1, 2).tolist()
    detail = [{"begin_offset": start, "end_offset": end - 1, "train": True} for start, end in edges]
    if not detail and known.eos:  # an empty list would train all of it
        return [{"begin_offset": 0, "end_offset": max(0, length - 1), "train": False}]
    return detail
