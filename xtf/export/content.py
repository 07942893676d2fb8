"""What an export holds: the run's own tokens, or the same examples in the ids of another tokenizer."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from xtf import carry
from xtf.config import ExportSettings, OtherTokenizer
from xtf.errors import SettingsError
from xtf.export.rows import batches, carried, chosen, schema
from xtf.filters import Verdicts
from xtf.store import Manifest, ScoreTable

Passed = tuple[int, pa.RecordBatch]  # tokens of the run that are done with, rows
_NOTHING = "At these settings no example keeps a token, so nothing would be exported: drop less."


class Content(Protocol):
    """The rows of one export. What it says of itself holds once all batches have passed."""

    columns: pa.Schema

    def batches(self) -> Iterator[Passed]: ...

    @property
    def trainable(self) -> int:
        """Tokens, in the exported rows."""

    @property
    def record(self) -> dict[str, Any]:
        """What export.json says beyond what it says of every export."""

    @property
    def card(self) -> str:
        """What the card says beyond that."""


class AsScored:
    """The run's own tokens. Raises: SettingsError where `drop_empty` leaves nothing."""

    def __init__(self, table: ScoreTable, verdicts: Verdicts, settings: ExportSettings):
        self.columns = schema(settings.with_weights, settings.with_scores)
        self._table, self._verdicts = table, verdicts
        self._chosen = chosen(table, verdicts, settings)
        if not self._chosen.any():
            raise SettingsError(_NOTHING)

    def batches(self) -> Iterator[Passed]:
        return batches(self._table, self._verdicts, self._chosen, self.columns)

    @property
    def trainable(self) -> int:
        inside = np.repeat(self._chosen, np.diff(self._table.offsets))
        return int(np.count_nonzero(self._table.trainable & inside))

    @property
    def record(self) -> dict[str, Any]:
        return {}

    @property
    def card(self) -> str:
        return ""


class CarriedOver:
    """The run's examples for another tokenizer, read and rendered again. Raises: as `carry.build`; SettingsError with
    `with_scores`; batches, as `carry.examples`, and SettingsError where nothing is left."""

    def __init__(self, manifest: Manifest, table: ScoreTable, verdicts: Verdicts, other: OtherTokenizer,
                 settings: ExportSettings):
        if settings.with_scores:
            raise SettingsError("Scores belong to the tokens that were scored and say nothing of another tokenizer's: "
                                "export either the scores or for another tokenizer.")
        self.columns = schema(settings.with_weights, with_scores=False)
        self._table, self._verdicts, self._drop_empty = table, verdicts, settings.drop_empty
        self._bridge, self._report = carry.build(manifest, other), carry.Report()

    def batches(self) -> Iterator[Passed]:
        examples = carry.examples(self._bridge, self._table, self._verdicts, self._report.tally)
        some = False
        for passed in carried(self._report.passed(examples), self._table, self.columns, self._drop_empty):
            some = True
            yield passed
        if not some:
            raise SettingsError(_NOTHING)

    @property
    def trainable(self) -> int:
        counts = self._report.counts
        return counts["trainable"] - (counts["trainable_without_kept"] if self._drop_empty else 0)

    @property
    def record(self) -> dict[str, Any]:
        return {"carried": self._report.summary(self._bridge)}

    @property
    def card(self) -> str:
        found = self._report.summary(self._bridge)
        scored, other = found["scored"], found["other"]
        return (f"The ids are those of the tokenizer of `{other['name']}` ({other['digest']}, template "
                f"{other['template']}). The tokens were scored with `{scored['name']}` and its own tokenizer "
                f"({scored['digest']}, template {scored['template']}), and the verdicts carried over by the characters "
                f"of the responses. {' '.join([found['sentence'], *found['notes']])}\n\n")
