"""What an evaluation found, and its two files. Light enough for pages: no torch.

    FOLDER/items.parquet     one row an example
    FOLDER/evaluation.json   what was evaluated, and how; written last, so that it is whole exactly when this exists;
                             the losses on unrelated text are in it, too
"""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from xtf import digests, workspace
from xtf.config import Thresholds
from xtf.config import settings as settings_of
from xtf.errors import StoreError

_ITEMS, _FACTS, _PASSAGES = "items.parquet", "evaluation.json", "unrelated"
#: Column → Arrow type. Sums are nats over the tokens counted beside them.
COLUMNS = {"id": pa.string(), "nll": pa.float64(), "tokens": pa.int64(), "nll_kept": pa.float64(), "kept": pa.int64(),
           "nll_dropped": pa.float64(), "dropped": pa.int64(), "correct": pa.float64(), "answer": pa.string(),
           "expected": pa.string(), "generations": pa.list_(pa.string())}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One model on one held-out set.

    `items` has one row an example: id; nll, nll_kept, nll_dropped (nats, summed over all, the kept and the dropped
    response tokens) and their counts tokens, kept, dropped; correct (1 or 0, for code the estimate of pass@k, NaN where
    nothing was marked); answer and expected as they were compared (of the first generation; empty where there is none);
    generations, a list of texts.
    """

    model: str  # what was evaluated, in words
    held_out: str  # name of the run
    run_id: str
    task: str  # none, maths, medicine, code
    settings: dict[str, Any]
    thresholds: dict[str, Any]
    items: pd.DataFrame
    seconds: float
    created: str  # ISO 8601, UTC
    #: One row a passage of `xtf.evaluation.unrelated`: id, kind, nll, tokens. None where it was not measured.
    unrelated: pd.DataFrame | None = None

    @property
    def loss(self) -> float:
        """Mean over all response tokens, nats; NaN where there is none."""
        return _mean(self.items, "nll", "tokens")

    @property
    def loss_kept(self) -> float:
        """The same over the tokens that the thresholds keep."""
        return _mean(self.items, "nll_kept", "kept")

    @property
    def loss_dropped(self) -> float:
        """The same over the tokens that the thresholds drop."""
        return _mean(self.items, "nll_dropped", "dropped")

    @property
    def loss_unrelated(self) -> float:
        """Mean over the tokens of unrelated text, nats: what it rises by has been forgotten. NaN if not measured."""
        return math.nan if self.unrelated is None else _mean(self.unrelated, "nll", "tokens")

    @property
    def perplexity(self) -> float:
        """exp(loss); infinite where that is beyond a float."""
        return math.exp(self.loss) if not self.loss > 700 else math.inf

    @property
    def accuracy(self) -> float:
        """Mean of `correct`, in [0, 1], over the examples that were marked; NaN where none was."""
        return float(self.items["correct"].mean())


def _mean(rows: pd.DataFrame, nats: str, tokens: str) -> float:
    count = int(rows[tokens].sum())
    return float(rows[nats].sum()) / count if count else math.nan


def same(evaluation: Evaluation, *, model: str, run_id: str, settings: dict[str, Any], thresholds: dict[str, Any]
         ) -> bool:
    """Whether it was made of all this, so that it need not be made again."""
    return (evaluation.model, evaluation.run_id, evaluation.settings) == (model, run_id, settings) and \
        _whole(evaluation.thresholds) == _whole(thresholds)


def _whole(thresholds: dict[str, Any]) -> Thresholds:
    """With what has been added to thresholds since they were written, at its default. Raises: SettingsError."""
    return settings_of(Thresholds, thresholds)


def exists(folder: Path) -> bool:
    """Whether an evaluation was finished there."""
    return (folder / _FACTS).is_file()


def save(evaluation: Evaluation, folder: Path) -> None:
    """Replaces what is there. Killed in between, it leaves none. Raises: StoreError when the disk is full."""
    (folder / _FACTS).unlink(missing_ok=True)
    table = pa.table({name: pa.array(evaluation.items[name].tolist(), kind, from_pandas=kind == pa.string())
                      for name, kind in COLUMNS.items()})
    workspace.write_atomically(folder / _ITEMS, lambda temporary: _write(table, temporary))
    facts = {field.name: getattr(evaluation, field.name) for field in fields(evaluation)
             if field.name not in ("items", _PASSAGES)}
    facts[_PASSAGES] = None if evaluation.unrelated is None else evaluation.unrelated.to_dict("list")
    workspace.write_json(folder / _FACTS, facts | {"items_sha256": digests.sha256(folder / _ITEMS)})


def read(folder: Path) -> Evaluation:
    """Raises: StoreError if there is none, or it is damaged."""
    if not exists(folder):
        raise StoreError(f"There is no finished evaluation in {folder}: evaluate first.")
    try:
        facts = workspace.read_json(folder / _FACTS)
        if facts.pop("items_sha256") != digests.sha256(folder / _ITEMS):
            raise ValueError(f"{_ITEMS} is not what was written")
        passages = facts.pop(_PASSAGES, None)  # which evaluations of before have not
        return Evaluation(items=_items(folder / _ITEMS), **facts,
                          unrelated=None if passages is None else pd.DataFrame(passages))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, pa.ArrowException) as error:
        raise StoreError(f"The evaluation in {folder} is damaged ({error}): delete that folder and evaluate again.") \
            from error


def _write(table: pa.Table, path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table, path)


def _items(path: Path) -> pd.DataFrame:
    from pyarrow import parquet

    columns = parquet.read_table(path).to_pydict()
    return pd.DataFrame({name: columns[name] for name in COLUMNS})
