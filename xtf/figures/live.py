"""What the components that follow a moving threshold share: the name of what they all show, and arrays as text."""

import base64
import hashlib
from typing import Any

import numpy as np

from xtf import grid
from xtf.config import ATTRIBUTES, Thresholds
from xtf.filters import NEEDED, Verdicts
from xtf.store import ScoreTable


def key(run_id: str, thresholds: Thresholds) -> str:
    """Names a run under given thresholds. Components of one page follow each other only where it is the same.

    `run_id`: the digest in the run's manifest.
    """
    told = f"{run_id}\0{thresholds.model_dump_json()}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, digest_size=8).hexdigest()


def base64_of(values: np.ndarray, kind: str) -> str:
    """An array as base64 of its bytes, in row order. `kind`: a little-endian NumPy type, such as u1, <u2, <i4, <f4."""
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode("ascii")


def sample(table: ScoreTable, verdicts: Verdicts, example: int, run_id: str) -> dict[str, Any]:
    """What a view of one example needs to judge its T tokens anew while one threshold is moved, JSON-able.

    combine: attributes that must fail; guards uint8[T] (`grid.guards`); grids: of each attribute that can be moved its
    values float64[G], place of the present one, onset uint16[T], limits float64[G, 2], NaN where open (`grid.Grid`).
    """
    here = slice(int(table.offsets[example]), int(table.offsets[example + 1]))
    grids = {name: _grid(table, verdicts.thresholds, name, example, here) for name in ATTRIBUTES}
    return {
        "key": key(run_id, verdicts.thresholds), "combine": NEEDED[verdicts.thresholds.combine],
        "guards": base64_of(grid.guards(table, verdicts, here), "u1"),
        "grids": {name: found for name, found in grids.items() if found},
    }


def _grid(table: ScoreTable, thresholds: Thresholds, name: str, example: int, here: slice) -> dict[str, Any] | None:
    found = grid.of(table, thresholds, name)
    if found is None:
        return None
    return {
        "field": found.field, "kind": getattr(thresholds, name).kind, "now": found.now, "nested": found.nested,
        "values": base64_of(found.values, "<f8"), "onset": base64_of(found.onset[here], "<u2"),
        "limits": base64_of(grid.limits_of(table, thresholds, name, example), "<f8"),
    }
