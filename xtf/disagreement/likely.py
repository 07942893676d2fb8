"""What each strategy takes away, by what the base model gives a token and how sure it is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xtf import blocks, words
from xtf.disagreement.views import RANDOM, Views, ratio
from xtf.filters import probability
from xtf.rules import rounded_up
from xtf.store import ScoreTable

P_EDGES = np.arange(21) / 20
ENTROPY_EDGES = np.array([0.0, *(round(step * 10.0**power, 4) for power in (-3, -2, -1, 0) for step in (1, 2, 5)), 10.0,
                          np.inf])  # nats
_NOTABLE = 0.1  # a correlation that is called one


@dataclass(frozen=True, eq=False)
class Regions:
    """Response tokens that have p and an entropy, by both; E × P cells."""

    every: np.ndarray  # int64[E, P]
    taken: dict[str, np.ndarray]  # float64[E, P]: the loss that each strategy takes away, in whole tokens' worth


def regions(table: ScoreTable, views: Views) -> Regions:
    """Counts over ENTROPY_EDGES and P_EDGES; an edge belongs to the cell above it. Raises: StoreError for a run without
    entropy."""
    table.column("entropy")
    shape = len(ENTROPY_EDGES) - 1, len(P_EDGES) - 1

    def counted(first: int, last: int) -> np.ndarray:
        here = slice(table.offsets[first], table.offsets[last])
        p, entropy = probability(table.column("logprob")[here]), table.column("entropy")[here]
        known = np.flatnonzero(np.isfinite(p + entropy))
        cells = _cell(ENTROPY_EDGES, np.abs(entropy[known])) * shape[1] + _cell(P_EDGES, p[known])
        weights = [None, *(one.taken(here)[known] for one in views.values())]
        return np.stack([np.bincount(cells, some, minlength=shape[0] * shape[1]) for some in weights])

    empty = np.zeros((1 + len(views), shape[0] * shape[1]))
    every, *taken = sum(blocks.each(counted, table.offsets), empty).reshape(-1, *shape)
    return Regions(every.astype(np.int64), dict(zip(views, taken, strict=True)))


def _cell(edges: np.ndarray, values: np.ndarray) -> np.ndarray:
    """int64: which bin float32 values lie in."""
    return np.searchsorted(rounded_up(edges[1:-1]), values, side="right")


def by_p(table: ScoreTable, views: Views) -> pd.DataFrame:
    """One row per strategy: name, title, p_taken and p_left (the mean p of what is taken away and of what is trained,
    each token by its share), and r, Pearson's correlation of what is taken away with p: above 0 likely tokens go, below
    0 unlikely ones. NaN where there is nothing, or nothing that changes."""
    def counted(first: int, last: int) -> np.ndarray:
        here = slice(table.offsets[first], table.offsets[last])
        p = probability(table.column("logprob")[here]).astype(np.float64)
        known = np.flatnonzero(np.isfinite(p))
        p, taken = p[known], [one.taken(here)[known].astype(np.float64) for one in views.values()]
        return np.array([[len(p), p.sum(), p @ p, some.sum(), some @ some, some @ p] for some in taken])

    sums = sum(blocks.each(counted, table.offsets), np.zeros((len(views), 6)))
    n, p, p_squared, gone, gone_squared, product = sums.T
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(np.maximum(n * p_squared - p**2, 0) * np.maximum(n * gone_squared - gone**2, 0))
    flat = spread <= 1e-9 * np.maximum(n, 1) ** 2  # what never changes has a spread by rounding only
    return pd.DataFrame({
        "name": list(views), "title": [one.title for one in views.values()], "p_taken": ratio(product, gone),
        "p_left": ratio(p - product, n - gone), "r": ratio(n * product - p * gone, np.where(flat, 0, spread))})


def about_p(found: pd.DataFrame) -> list[str]:
    """Who disagrees about the sign of p, in plain words. found: as `by_p` gives it."""
    told = found[[not name.startswith(RANDOM) for name in found["name"]]]
    groups = {"likely": told[told["r"] >= _NOTABLE], "unlikely": told[told["r"] <= -_NOTABLE]}
    said = [f"{words.listed([f'{row.title} (r {_signed(row.r)})' for row in rows.itertuples()])} "
            f"{'takes' if len(rows) == 1 else 'take'} away what the base model finds {kind}."
            for kind, rows in groups.items() if len(rows)]
    if len(said) == 2:
        said.append("They disagree about the sign of p: the one side drops tokens because the base model knows them "
                    "already, the other because it does not expect them.")
    flat = told[told["r"].abs() < _NOTABLE]
    if len(flat):
        said.append(f"{words.listed(flat['title'].tolist())} {'goes' if len(flat) == 1 else 'go'} by something else "
                    f"than p (|r| below {_NOTABLE:g}).")
    return said


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
