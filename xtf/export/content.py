"""What an export holds: the run's own tokens, the same examples in the ids of another tokenizer, or their messages."""

from collections.abc import Iterator
from typing import Any, Protocol

import pyarrow as pa

from xtf import carry, preflight
from xtf.config import ExportSettings, OtherTokenizer
from xtf.errors import SettingsError
from xtf.export.conversations import Conversations
from xtf.export.rows import batches, carried, schema
from xtf.export.tally import Tally, TokenTally
from xtf.filters import Verdicts
from xtf.preflight import Rows
from xtf.store import Manifest, ScoreTable

Passed = tuple[int, pa.RecordBatch]  # tokens of the run that are done with, rows
_NOTHING = "At these settings no example is left to export: drop less, or leave fewer examples out."


class Content(Protocol):
    """The rows of one export. What it says of itself holds once all batches have passed."""

    columns: pa.Schema

    def batches(self) -> Iterator[Passed]: ...

    def tally(self) -> Tally:
        """Counts and digest of the batches that it is given."""

    @property
    def rows(self) -> Rows:
        """Which examples they are, and their numbers."""

    @property
    def record(self) -> dict[str, Any]:
        """What export.json says beyond what it says of every export."""


def content(manifest: Manifest, table: ScoreTable, verdicts: Verdicts, settings: ExportSettings,
            other: OtherTokenizer | None = None) -> Content:
    """The rows that these settings ask for.

    Raises: SettingsError for settings that do not go together, or where no example is left (in the batches with
    `other`); DataError where held-out data cannot be read; with `other`, as `carry.build`, and batches as
    `carry.examples`; for text and messages, as `carry.scored_side`, and batches as `carry.scored`.
    """
    if verdicts.choice is not None and verdicts.choice.weights is not None:
        _refuse_without_weights(verdicts.choice.title, settings, other)
    if settings.format in ("text", "messages"):
        _refuse_of_tokens(settings, other)
        found: Content = Conversations(manifest, table, verdicts, settings)
    elif other:
        return CarriedOver(manifest, table, verdicts, other, settings)
    else:
        found = AsScored(manifest, table, verdicts, settings)
    if not len(found.rows):
        raise SettingsError(_NOTHING)
    return found


def _refuse_without_weights(title: str, settings: ExportSettings, other: OtherTokenizer | None) -> None:
    if other:
        raise SettingsError(f"{title} weighs tokens, and weights cannot be carried to another tokenizer's: export for "
                            "the run's own.")
    if settings.format not in ("text", "messages") and not settings.with_weights:
        raise SettingsError(f"{title} weighs tokens, which labels alone cannot say: export with --with-weights, for a "
                            "trainer that reads loss_weights.")


def _refuse_of_tokens(settings: ExportSettings, other: OtherTokenizer | None) -> None:
    form = f"The {settings.format} format"
    if other:
        raise SettingsError(f"{form} fits any tokenizer already: leave out --for-tokenizer, or export hf, parquet or "
                            "jsonl.")
    if settings.with_scores or settings.with_weights:
        what = "Scores" if settings.with_scores else "Loss weights"
        raise SettingsError(f"{what} belong to tokens, of which {form[0].lower()}{form[1:]} has none: export hf, "
                            "parquet or jsonl, or leave them out.")


class AsScored:
    """The run's own tokens."""

    def __init__(self, manifest: Manifest, table: ScoreTable, verdicts: Verdicts, settings: ExportSettings):
        self.columns = schema(settings.with_weights, settings.with_scores)
        self.rows = preflight.scored(manifest, table, verdicts, settings)
        self._table, self._verdicts = table, verdicts

    def batches(self) -> Iterator[Passed]:
        return batches(self._table, self._verdicts, self.rows.chosen, self.columns)

    def tally(self) -> Tally:
        return TokenTally()

    @property
    def record(self) -> dict[str, Any]:
        return {}


class CarriedOver:
    """The run's examples for another tokenizer, read and rendered again. Raises: as `content`."""

    def __init__(self, manifest: Manifest, table: ScoreTable, verdicts: Verdicts, other: OtherTokenizer,
                 settings: ExportSettings):
        if settings.with_scores:
            raise SettingsError("Scores belong to the tokens that were scored and say nothing of another tokenizer's: "
                                "export either the scores or for another tokenizer.")
        self.columns = schema(settings.with_weights, with_scores=False)
        self._manifest, self._table, self._verdicts, self._settings = manifest, table, verdicts, settings
        self._bridge = carry.build(manifest, other)

    def batches(self) -> Iterator[Passed]:
        self._report, self._gathering = carry.Report(), preflight.Gathering(self._manifest, self._table, self._settings)
        examples = carry.examples(self._bridge, self._table, self._verdicts, self._report.tally)
        some = False
        for passed in carried(self._report.passed(self._gathering.passed(examples)), self._table, self.columns):
            some = True
            yield passed
        if not some:
            raise SettingsError(_NOTHING)

    def tally(self) -> Tally:
        return TokenTally()

    @property
    def rows(self) -> Rows:
        return self._gathering.rows()

    @property
    def record(self) -> dict[str, Any]:
        return {"carried": self._report.summary(self._bridge)}
