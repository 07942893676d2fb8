"""What else the base model would have said at each token: worked out on demand by a job, and kept beside the run.

    runs/NAME/alternatives/12.arrow   the five likeliest tokens at each trainable token of example 12, one row a token
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xtf import workspace
from xtf.runs import Run
from xtf.shards import mapped, write_ipc

TOP = 5
_TOLD = b"xtf.alternatives"
_KINDS = {"ids": np.dtype(np.int32), "p": np.dtype(np.float32)}


@dataclass(frozen=True, eq=False)
class Alternatives:
    """The base model's likeliest tokens, the likeliest first. T tokens; -1 and NaN where a token is not trainable (or
    the vocabulary has no more)."""

    ids: np.ndarray  # int32[T, 5]
    p: np.ndarray  # float32[T, 5], probability after the tokens before
    texts: dict[int, str]  # decoded text of each id


def cached(run: Run, index: int) -> Alternatives | None:
    """What a job has found for example `index` of this very run; None if there is nothing that can be used."""
    return read(_path(run, index), run.manifest.run_id)


def keep(run: Run, index: int, found: Alternatives) -> None:
    """Raises: StoreError when the disk is full."""
    write(_path(run, index), run.manifest.run_id, found)


def read(path: Path, run_id: str) -> Alternatives | None:
    """None for a file that is missing, damaged, or of another run."""
    try:
        rows = mapped(path)
        told = json.loads(rows.schema.metadata[_TOLD])
        ids, p = (_matrix(rows, name, kind) for name, kind in _KINDS.items())
        texts = {int(id_): str(text) for id_, text in told["texts"].items()}
    except (OSError, pa.ArrowInvalid, ValueError, KeyError, TypeError, AttributeError):
        return None
    if told.get("run_id") != run_id or not set(np.unique(ids).tolist()) <= texts.keys() | {-1}:
        return None
    return Alternatives(ids, p, texts)


def write(path: Path, run_id: str, found: Alternatives) -> None:
    """Raises: StoreError when the disk is full; a reader sees the whole file or none."""
    told = {_TOLD: json.dumps({"run_id": run_id, "texts": found.texts})}
    rows = pa.table({name: pa.FixedSizeListArray.from_arrays(getattr(found, name).ravel(), TOP) for name in _KINDS})
    workspace.write_atomically(path, lambda temporary: write_ipc(rows.replace_schema_metadata(told), temporary))


def _matrix(rows: pa.Table, name: str, kind: np.dtype) -> np.ndarray:
    """A column of lists as an array [T, 5]. Raises: ValueError unless it is one."""
    if rows.schema.field(name).type != pa.list_(pa.from_numpy_dtype(kind), TOP):
        raise ValueError(f"{name} does not hold {TOP} numbers a token")
    flat = [chunk.flatten().to_numpy() for chunk in rows[name].chunks]
    found = np.concatenate([np.zeros(0, kind), *flat])
    if len(found) != TOP * rows.num_rows:
        raise ValueError(f"{name} has gaps")
    return found.reshape(-1, TOP)


def _path(run: Run, index: int) -> Path:
    return run.path / "alternatives" / f"{index}.arrow"
