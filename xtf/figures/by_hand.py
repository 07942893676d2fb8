"""From what was selected in a token view to the override of the settings that it means."""

import base64
from typing import Any

import numpy as np


def override(payload: dict[str, Any], asked: Any) -> dict[str, Any] | None:
    """What a browser asks for with {by, action, first, last} of a payload of `xtf.figures.tokens`, as the fields of
    `config.BySpan` or `config.ByType`; None unless it makes sense: anything may come from there."""
    match asked:
        case {"by": "span" | "type" as by, "action": "keep" | "drop" as action, "first": int(first), "last": int(last)}:
            if not 0 <= first <= last < len(payload["texts"]):
                return None
            fields = (_span if by == "span" else _type)(payload, first, last)
            return {"by": by, "action": action, **fields} if fields else None
    return None


def _span(payload: dict[str, Any], first: int, last: int) -> dict[str, Any] | None:
    """The characters that tokens first .. last show, and those of a character that they share with their neighbours;
    None where they show none."""
    pieces, texts, gaps = set(payload["pieces"]), payload["texts"], payload["gaps"]
    while first in pieces:
        first -= 1
    while last + 1 in pieces:
        last += 1
    before = "".join(gaps.get(t, "") + texts[t] for t in range(first)) + gaps.get(first, "")
    quote = "".join((gaps.get(t, "") if t > first else "") + texts[t] for t in range(first, last + 1))
    if not quote:
        return None
    return {"example": payload["example"], "start": len(before), "end": len(before) + len(quote), "quote": quote}


def _type(payload: dict[str, Any], first: int, last: int) -> dict[str, Any] | None:
    if first != last:
        return None
    token = int(np.frombuffer(base64.b64decode(payload["ids"]), "<i4")[first])
    return {"token": token, "text": payload["types"].get(token, payload["texts"][first])}
