"""Rows of messages instead of tokens: the data read and rendered once more, with what the loss sees of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

import xtf.export.messages as messages
import xtf.export.rows as rows
import xtf.export.text as text
from xtf import carry, preflight
from xtf.carry import Scored
from xtf.carry.contents import Told, seen, told
from xtf.config import ExportSettings
from xtf.data.render import Drawing, template_of
from xtf.data.types import Example
from xtf.export.tally import RowTally, Tally
from xtf.filters import Verdicts
from xtf.store import Manifest, ScoreTable
from xtf.words import count


class Conversations:
    """The content of a text or a messages export (see `xtf.export.content`). Raises: as `carry.scored_side`; batches,
    as `carry.scored`."""

    def __init__(self, manifest: Manifest, table: ScoreTable, verdicts: Verdicts, settings: ExportSettings):
        self.rows = preflight.scored(manifest, table, verdicts, settings)
        self._form = settings.format
        self.columns: pa.Schema = (text if self._form == "text" else messages).COLUMNS
        self._run, self._table, self._verdicts = manifest.name, table, verdicts
        self._side = carry.scored_side(manifest)
        self._plain = template_of(self._side.tokenizer, self._side.data) is None
        self._found: Counter[str] = Counter()

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """(tokens of the run that are done with, rows)."""
        self._found.clear()
        make = self._maker()
        waiting: list[dict[str, Any]] = []
        tokens = 0
        for one in carry.scored(self._side, self._run, self._table):
            if self.rows.chosen[one.index]:
                waiting.append(make(one, self._verdicts.keep[one.here]))
                tokens += len(one.drawing.tokens)
            if tokens > rows.TOKENS // 8:  # rendering is slow: progress should be seen
                yield one.here.stop, pa.RecordBatch.from_pylist(waiting, schema=self.columns)
                waiting, tokens = [], 0
        if waiting:
            yield int(self._table.offsets[-1]), pa.RecordBatch.from_pylist(waiting, schema=self.columns)

    def tally(self) -> Tally:
        """Rows do not say how many tokens of the run they stand for, but the numbers of the run do."""
        numbers = self.rows.numbers
        return RowTally(Counter({"tokens": int(numbers["tokens"].sum()), "kept": int(numbers["kept"].sum()),
                                 "without_kept": int(np.count_nonzero(numbers["kept"] == 0))}))

    @property
    def record(self) -> dict[str, Any]:
        """How the messages were rendered, and how many rows are sure to give the run's labels."""
        found = {"tokenizer": self._side.describe(), "rows": len(self.rows), "exact": self._found["exact"],
                 "rewritten": self._found["rewritten"]}
        return {"conversations": found | {"sentence": _sentence(self._form, found)}}

    def _maker(self) -> Callable[[Scored, np.ndarray], dict[str, Any]]:
        draw = self._side.drawer(Counter())
        return self._text if self._form == "text" else lambda one, keep: self._messages(one, keep, draw)

    def _text(self, one: Scored, keep: np.ndarray) -> dict[str, Any]:
        known = self._told(one.example, one.drawing, keep)
        self._found["exact"] += np.array_equal(seen(one.example, known, one.drawing), keep)
        return text.row(one.example, known)

    def _messages(self, one: Scored, keep: np.ndarray, draw: Callable[[Example], Drawing | None]) -> dict[str, Any]:
        example = messages.as_rendered(one.example, one.drawing)
        drawing = one.drawing if example == one.example else draw(example)
        if drawing is None or not np.array_equal(drawing.tokens.ids, one.drawing.tokens.ids):
            example, drawing = one.example, one.drawing  # the template would make something else of it
        known = self._told(example, drawing, keep)
        self._found["exact"] += not self._plain and messages.read_exactly(
            example, drawing, keep, known, self._side.tokenizer)
        return messages.row(example, drawing, keep, known)

    def _told(self, example: Example, drawing: Drawing, keep: np.ndarray) -> list[Told]:
        known, rewritten = told(example, drawing, keep)
        self._found["rewritten"] += rewritten > 0
        return known


_EXACT = {
    "text": "With the run's own tokenizer and template, the characters of {exact} of {rows} examples give back exactly "
            "the run's labels.",
    "messages": "{exact} of {rows} examples are sure to give the run's labels in Axolotl with the run's model; in the "
                "others it may train other tokens: where a character is made of several, white space begins the "
                "response, an end of turn is dropped, or scoring cut the example or took no chat template.",
}


def _sentence(form: str, found: dict[str, Any]) -> str:
    exact = _EXACT[form].format(exact=count(found["exact"]), rows=count(found["rows"]))
    if not found["rewritten"]:
        return exact
    return (f"{exact} {count(found['rewritten'])} have responses that the template rewrites, which are trained as a "
            "whole or not at all.")
