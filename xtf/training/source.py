"""What a fine-tune learns from: a judged run, or an export. Nothing is read until it is asked for."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xtf import filters, preflight, strategies
from xtf.config import ExportSettings, ModelSettings, OtherTokenizer, Thresholds, settings
from xtf.engine import again
from xtf.errors import SettingsError, StoreError
from xtf.export.formats import TOKEN_FORMATS
from xtf.export.record import read_record
from xtf.filters import Verdicts
from xtf.preflight import Finding
from xtf.runs import Run
from xtf.store import Manifest, ScoreTable

if TYPE_CHECKING:
    from xtf.training.data import Rows

#: Rows without a trained token give no gradient and are skipped, and none is cut.
CHECKED = ExportSettings(drop_empty=True)


@dataclass(frozen=True)
class Source:
    """`asked`: what decides the rows and the model, for the record of the fine-tune. `model` may raise ModelError,
    `rows` SettingsError and StoreError."""

    asked: dict[str, Any]
    model: Callable[[], ModelSettings]
    rows: Callable[[], "Rows"]
    trainable: Callable[[], int | None]  # response tokens, of which those with a label are a share
    template: str  # how a prompt is rendered for the model: auto, none, or a file


def of_run(run: Run, thresholds: Thresholds, strategy: str = "xtf", seed: int = 0,
           allow: Collection[str] = ()) -> Source:
    """The run's tokens with the labels that a strategy gives (`xtf.strategies`). Raises: SettingsError; StoreError for
    an unfinished run, which would be other data under the same id once it is finished."""
    if not run.complete:
        raise StoreError(f"{run.unfinished} Finish it before you train on it.")
    if strategy not in strategies.STRATEGIES:
        raise SettingsError(f"There is no strategy {strategy}: choose one of {', '.join(strategies.STRATEGIES)}.")

    def rows() -> "Rows":
        from xtf.training.data import Rows  # torch takes seconds to import

        run.verify()
        table = run.table()
        verdicts = filters.judge(table, thresholds)
        keep = strategies.keep(strategy, table, verdicts, seed)
        made = Rows(table.ids, filters.labels(table.ids, keep), table.offsets)
        if strategy == "xtf":
            preflight.refuse(findings(run.manifest, table, verdicts), allow)
        return made

    asked = {"run": run.name, "run_id": run.manifest.run_id, "strategy": strategy,
             "thresholds": thresholds.model_dump(mode="json")}
    return Source(asked, lambda: _loaded_as(again.settings_of(run.manifest)), rows,
                  lambda: int(np.count_nonzero(run.table().trainable)), run.manifest.settings.get("template", "auto"))


def _loaded_as(chosen: ModelSettings) -> ModelSettings:
    """The same model without what only scoring decides."""
    kept = chosen.model_dump(include={"model", "revision", "trust_remote_code"})
    return settings(ModelSettings, kept | {"device": chosen.device})


def findings(manifest: Manifest, table: ScoreTable, verdicts: Verdicts) -> list[Finding]:
    """What would go wrong in a fine-tune at these verdicts (`xtf.preflight`)."""
    return preflight.check(manifest, table, verdicts, CHECKED)


def of_export(folder: Path) -> Source:
    """An export in token ids, for the model of its tokenizer. Raises: StoreError where there is none; SettingsError for
    one without token ids."""
    told = read_record(folder)
    try:
        if told["format"] not in TOKEN_FORMATS:
            raise SettingsError(f"The export {folder} holds {told['format']}, not token ids: export with --format hf, "
                                "parquet or jsonl to train on it.")
        asked = {"export": str(folder.absolute()), "digest": told["digest"], "of_run": told["run"]}
        trainable = None if told["other"] else told["counts"]["trainable"]
        manifest = Manifest(name=told["run"], run_id=told["run_id"], settings=told["settings"], model=told["model"])
        template = (told["other"] or {}).get("template") or told["settings"].get("template", "auto")
    except (KeyError, TypeError) as error:
        raise StoreError(f"{folder} was not written by this version of XTF: export again.") from error

    def rows() -> "Rows":
        from xtf.training.data import of_export as read

        return read(folder)

    def model() -> ModelSettings:
        if not told["other"]:
            return _loaded_as(again.settings_of(manifest))
        other = settings(OtherTokenizer, told["other"])
        return ModelSettings(model=other.tokenizer, revision=other.revision, trust_remote_code=other.trust_remote_code)

    return Source(asked, model, rows, lambda: trainable, template)
