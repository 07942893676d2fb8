"""Where two rows differ, for people: the example, the token or message, its text, and both values."""

from typing import Any

import numpy as np

from xtf import models
from xtf.config import ModelSettings, OtherTokenizer
from xtf.export.alignment import Difference, Row
from xtf.store import ScoreTable
from xtf.words import excerpt


class Pinpoint:
    """Says where in the data two rows differ."""

    def __init__(self, table: ScoreTable, index: np.ndarray, other: OtherTokenizer | None):
        """`index`: the run's example of each recomputed row; `other`: whose ids the rows hold, if not the run's."""
        self._table, self._index, self._other = table, index, other
        self._tokenizer: Any = None

    def told(self, one: Difference) -> dict[str, Any]:
        """One difference, JSON-able."""
        index = self._example(one.recomputed)
        found = {"row": one.exported, "recomputed_row": one.recomputed, "example": index,
                 "id": None if index is None else str(self._table.example_ids[index]), "what": one.kind}
        ours, theirs = one.left, one.right
        if ours is None or theirs is None or one.kind == "text":
            known = ours or theirs or {}
            return found | {"column": None, "position": None, "text": excerpt(self._text(index, known), 60),
                            "exported": None, "recomputed": None}
        return found | self._first(index, ours, theirs)

    def _example(self, row: int | None) -> int | None:
        """The run's example that a recomputed row is of."""
        return int(self._index[row]) if row is not None and row < len(self._index) else None

    def _text(self, index: int | None, row: Row) -> str:
        if index is not None:
            return self._table.example(index).text
        return " ".join(str(message.get("content")) for message in row.get("messages") or [])

    def _first(self, index: int | None, ours: Row, theirs: Row) -> dict[str, Any]:
        """The first place where two rows of the same text differ."""
        for name, value in theirs.items():
            if (position := _parting(ours[name], value)) is None:
                continue
            one, other = _at(ours[name], position), _at(value, position)
            if isinstance(one, dict) and isinstance(other, dict):
                part = next(part for part in other if one.get(part) != other[part])
                name, one, other = f"{name}.{part}", one.get(part), other[part]
            return {"column": name, "position": position, "text": self._piece(index, position, theirs),
                    "exported": one, "recomputed": other}
        return {"column": None, "position": None, "text": "", "exported": None, "recomputed": None}

    def _piece(self, index: int | None, position: int, row: Row) -> str:
        """The text at a position: of a token, or of a message."""
        if "messages" in row:
            return excerpt(str((_at(row["messages"], position) or {}).get("content", "")), 60)
        if position >= len(row["input_ids"]):
            return ""
        if self._other:
            if self._tokenizer is None:
                self._tokenizer = models.load_tokenizer(ModelSettings(
                    model=self._other.tokenizer, revision=self._other.revision,
                    trust_remote_code=self._other.trust_remote_code))
            return str(self._tokenizer.decode([row["input_ids"][position]]))
        if index is None:
            return ""
        example = self._table.example(index)
        start, end = example.spans[position].tolist()
        return example.text[start:end]


def _parting(ours: list[Any], theirs: list[Any]) -> int | None:
    """The first position at which two lists differ; None where they are the same, NaN being NaN."""
    for position, (one, other) in enumerate(zip(ours, theirs)):
        if one != other and not (_is_none(one) and _is_none(other)):
            return position
    return None if len(ours) == len(theirs) else min(len(ours), len(theirs))


def _is_none(value: Any) -> bool:
    return value is None or value != value


def _at(values: list[Any], position: int) -> Any:
    return values[position] if position < len(values) else None
