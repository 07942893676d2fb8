"""What a fine-tune learns from: a judged run, or an export. Nothing is read until it is asked for."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xtf import filters, preflight, strategies
from xtf.added import reference
from xtf.config import (
    ExportSettings,
    ModelSettings,
    OtherTokenizer,
    Random,
    Slm,
    StrategySettings,
    Thresholds,
    settings,
)
from xtf.engine import again
from xtf.errors import SettingsError, StoreError
from xtf.export.formats import TOKEN_FORMATS
from xtf.export.record import read_record
from xtf.filters import Verdicts
from xtf.preflight import Finding
from xtf.runs import Run
from xtf.store import Manifest, ScoreTable
from xtf.training.folder import Training

if TYPE_CHECKING:
    from xtf.training.data import Rows

#: What there is nothing to check about: controls drop what they drop on purpose.
UNCHECKED = ("normal", "random")
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
    start: Path | None = None  # the result of an earlier fine-tune that it goes on from


def of_run(run: Run, thresholds: Thresholds, allow: Collection[str] = (), *, seed: int = 0) -> Source:
    """The run's tokens with the labels that the thresholds' strategy gives (`xtf.strategies`); where it draws at
    random, `seed` is added to its own, so that fine-tunes of several seeds draw anew. Raises: StoreError for an
    unfinished run, which would be other data under the same id once it is finished."""
    if not run.complete:
        raise StoreError(f"{run.unfinished} Finish it before you train on it.")
    strategy = thresholds.strategy

    def rows() -> "Rows":
        """Read, judged and checked only when training begins."""
        from xtf.training.data import Rows  # torch takes seconds to import

        run.verify()
        table = run.table()
        verdicts = strategies.judge(table, _seeded(thresholds, seed))
        weighed = verdicts.choice is not None and verdicts.choice.weights is not None
        weights = verdicts.weights() if weighed else None
        made = Rows(table.ids, filters.labels(table.ids, verdicts.keep), table.offsets, weights)
        if strategy.kind not in UNCHECKED:
            preflight.refuse(findings(run.manifest, table, verdicts), allow)
        return _chosen_online(table, strategy) if isinstance(strategy, Slm) else made

    asked = {"run": run.name, "run_id": run.manifest.run_id, "strategy": strategy.kind,
             "thresholds": thresholds.model_dump(mode="json"), **_prepared_by(run, strategy)}
    return Source(asked, lambda: _loaded_as(again.settings_of(run.manifest)), rows,
                  lambda: int(np.count_nonzero(run.table().trainable)), run.manifest.settings.get("template", "auto"))


def of_examples(learnt: Source, examples: np.ndarray, told: dict[str, Any]) -> Source:
    """Some of a source's examples int64[n]; `told` says which, for the record."""
    return replace(learnt, asked=learnt.asked | told, rows=lambda: learnt.rows().only(examples), trainable=lambda: None)


def going_on(run: Run, before: Training, kept: np.ndarray, examples: np.ndarray, told: dict[str, Any]) -> Source:
    """The kept tokens bool[M] of some examples of a run, for the model that the fine-tune `before` has made; `told`
    says which, for the record."""
    def rows() -> "Rows":
        from xtf.training.data import Rows

        table = run.table()
        return Rows(table.ids, filters.labels(table.ids, kept), table.offsets).only(examples)

    asked = {"run": run.name, "run_id": run.manifest.run_id, "strategy": "self-evolving", "after": before.name,
             "kept": int(np.count_nonzero(kept)), **told}
    return Source(asked, lambda: _loaded_as(again.settings_of(run.manifest)), rows, lambda: None,
                  run.manifest.settings.get("template", "auto"), before.result)


def _seeded(thresholds: Thresholds, seed: int) -> Thresholds:
    strategy = thresholds.strategy
    if not isinstance(strategy, Random) or not seed:
        return thresholds
    return thresholds.model_copy(update={"strategy": strategy.model_copy(update={"seed": strategy.seed + seed})})


def _chosen_online(table: ScoreTable, strategy: Slm) -> "Rows":
    """All response tokens, of which each batch keeps a share when its turn comes."""
    from xtf.training.data import Rows

    return Rows(table.ids, filters.labels(table.ids, table.trainable), table.offsets,
                reference=table.column(reference(strategy.reference)), online=strategy.keep)


def _prepared_by(run: Run, strategy: StrategySettings) -> dict[str, Any]:
    """The checksums of the added columns that it goes by: others under the same name make another fine-tune."""
    needs = strategies.STRATEGIES[strategy.kind].needs(strategy)  # type: ignore[attr-defined]
    sums = {name: run.added.made(name)["sha256"] for name in needs if name in run.added}
    return {"columns": sums} if sums else {}


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
