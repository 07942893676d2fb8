"""A dataset's read-outs from many sides: roles of tokens, p against entropy, positions, correlations. Pure NumPy, piece
by piece, so that what is needed beside the result does not grow with the data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from xtf import blocks, roles
from xtf.filters import BIT, Verdicts
from xtf.picks import positions
from xtf.ranks import joined
from xtf.roles import ROLES
from xtf.rules import rounded_up
from xtf.selection import REASONS, VERDICTS
from xtf.store import ScoreTable

P_EDGES = np.arange(41) / 40  # 0.95 and every other twentieth lie on an edge
_STEPS_OF_A_DECADE = (1, 1.5, 2, 3, 4, 5, 7)  # about even by their logarithm
ENTROPY_EDGES = np.array([0.0, *(round(step * 10.0**power, 4) for power in (-3, -2, -1, 0)
                                 for step in _STEPS_OF_A_DECADE), 10.0, np.inf])  # nats
SAMPLE = 100_000  # tokens
_SHIFT = 15  # bits of a float32 that are cut off; what is left orders numbers as they are
_STEPS = 256  # of a float32's value between two powers of two: 0.4 % apart
_OCTAVES = 24  # below the greatest value that are told apart


def by_role(table: ScoreTable, verdicts: Verdicts) -> np.ndarray:
    """int64[8, 32]: response tokens by role (ROLES) and by their verdict bits, 0 = kept."""
    by_type = roles.of_types(table)
    width = len(VERDICTS["kept"])

    def counted(first: int, last: int) -> np.ndarray:
        here = slice(table.offsets[first], table.offsets[last])
        trainable = np.flatnonzero(table.trainable[here])
        cells = by_type[table.type_of[here][trainable]] * np.uint8(width) + verdicts.bits[here][trainable]
        return np.bincount(cells, minlength=len(ROLES) * width)

    found = sum(blocks.each(counted, table.offsets), np.zeros(len(ROLES) * width, np.int64))
    return found.reshape(len(ROLES), width)


def verdict_shares(by_bits: np.ndarray) -> pd.DataFrame:
    """One row per role that occurs, most tokens first, with columns role, tokens and the counts of every verdict in
    VERDICTS: kept, dropped, several, hand, strategy, only-… and by-…. by_bits: as `by_role` gives it."""
    tokens = by_bits.sum(axis=1)
    found = pd.DataFrame({"role": ROLES, "tokens": tokens,
                          **{name: by_bits[:, bits].sum(axis=1) for name, bits in VERDICTS.items()}})
    return found[tokens > 0].sort_values("tokens", ascending=False, kind="stable", ignore_index=True)


def combinations_of(by_bits: np.ndarray) -> list[tuple[tuple[str, ...], int]]:
    """Tokens dropped by exactly these reasons, most first. by_bits: int64[..., 32]. Combinations with `hand` or
    `strategy` in them only where there are such tokens."""
    exactly = by_bits.reshape(-1, by_bits.shape[-1]).sum(axis=0)
    groups = [names for size in range(1, len(REASONS) + 1) for names in combinations(REASONS, size)]
    found = [(names, int(exactly[sum(REASONS[name] for name in names)])) for names in groups]
    return sorted([(names, count) for names, count in found if count or set(names) <= BIT.keys()],
                  key=lambda item: -item[1])


def totals_of(by_bits: np.ndarray) -> dict[str, int]:
    """Tokens dropped by each reason, whether or not by others too."""
    exactly = by_bits.reshape(-1, by_bits.shape[-1]).sum(axis=0)
    return {name: int(exactly[(np.arange(len(exactly)) & bit) != 0].sum()) for name, bit in REASONS.items()}


@dataclass(frozen=True, eq=False)
class PEntropy:
    """Response tokens by p and by the entropy of the prediction (nats); E × P bins."""

    p_edges: np.ndarray  # float64[P + 1]
    entropy_edges: np.ndarray  # float64[E + 1], the last one infinite
    every: np.ndarray  # int64[E, P]
    dropped: np.ndarray  # int64[E, P], of these


def p_entropy(table: ScoreTable, verdicts: Verdicts) -> PEntropy:
    """Counts of the tokens that have both numbers. Raises: StoreError for a run without entropy."""
    p, entropy = verdicts.attributes["novelty"].values, table.column("entropy")
    rows, columns = _Ruler(ENTROPY_EDGES[1:-1]), _Ruler(P_EDGES[1:-1])
    shape = len(ENTROPY_EDGES) - 1, len(P_EDGES) - 1
    size = shape[0] * shape[1]

    def counted(first: int, last: int) -> np.ndarray:
        here = slice(table.offsets[first], table.offsets[last])
        known = np.flatnonzero(np.isfinite(p[here] + entropy[here]))
        cell = rows.places(entropy[here][known]) * np.int64(shape[1]) + columns.places(p[here][known])
        cell[verdicts.bits[here][known] != 0] += size
        return np.bincount(cell, minlength=2 * size)

    kept, dropped = sum(blocks.each(counted, table.offsets), np.zeros(2 * size, np.int64)).reshape(2, *shape)
    return PEntropy(P_EDGES, ENTROPY_EDGES, kept + dropped, dropped)


class _Ruler:
    """Which bin float32 values lie in, by look-up: a search of random values in few edges takes ten times as long.
    At most 250 inner edges, no two closer than 0.4 %. What is below zero by rounding counts as just above it."""

    def __init__(self, inner: np.ndarray):
        starts = (np.arange(1 << 16, dtype=np.uint32) << np.uint32(_SHIFT)).view(np.float32)
        self._edges = np.append(rounded_up(inner), np.float32(np.inf))
        starts = np.where(np.isnan(starts), np.inf, starts)
        self._first = np.searchsorted(self._edges[:-1], starts, side="right").astype(np.uint8)

    def places(self, values: np.ndarray) -> np.ndarray:
        """uint8, 0 to the number of inner edges; an edge belongs to the bin above it."""
        values = np.abs(values)
        found = self._first[values.view(np.uint32) >> np.uint32(_SHIFT)]
        return found + (values >= self._edges[found])


def position_edges(table: ScoreTable, bins: int = 20) -> np.ndarray:
    """float64[bins + 1] in response tokens: even bins of a round width, the last one open. They reach as far as 19 in
    20 responses do."""
    lengths = table.trainable_counts[table.trainable_counts > 0]
    reach = float(np.quantile(lengths, 0.95)) if len(lengths) else 1.0
    width = next(times * 10**power for power in range(12) for times in (1, 2, 5) if times * 10**power * bins >= reach)
    return np.append(np.arange(bins) * float(width), np.inf)


RELATIVE_EDGES = np.arange(21) / 20


def by_position(table: ScoreTable, values: np.ndarray, edges: np.ndarray | None = None) -> pd.DataFrame:
    """One row per bin of the position in the response: low, high, count, mean, p10, median, p90 of the values.

    values: float32[M], not negative, NaN where there is none. edges: float64[B + 1], in response tokens that come
    before, from 0 to infinity. Without them bins are twentieths of each response (RELATIVE_EDGES), a token standing at
    (tokens before + 1/2) / tokens. Percentiles are good to 0.2 % of themselves; a bin without values has NaN.
    """
    places, edges = _placing(table, edges)
    bins = len(edges) - 1
    floor = _floor(values, table.offsets)
    lowest = int(floor.view(np.uint32)) >> _SHIFT
    keys = _OCTAVES * _STEPS + 1

    def counted(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        where, position, length = positions(table, first, last)
        some = values[table.offsets[first]:table.offsets[last]][where]
        known = np.flatnonzero(np.isfinite(some))
        some, place = some[known], places(position[known], length[known])
        key = (np.maximum(some, floor).view(np.uint32) >> np.uint32(_SHIFT)).astype(np.int64) - lowest
        return np.bincount(place * keys + key, minlength=bins * keys), np.bincount(place, some, minlength=bins)

    counts, sums = np.zeros(bins * keys, np.int64), np.zeros(bins)
    for some_counts, some_sums in blocks.each(counted, table.offsets):
        counts += some_counts
        sums += some_sums
    running = counts.reshape(bins, keys).cumsum(axis=1)
    total = running[:, -1]
    with np.errstate(invalid="ignore"):
        means = np.where(total > 0, sums / total, np.nan)
    levels = {name: _level(running, share, lowest) for name, share in (("p10", 0.1), ("median", 0.5), ("p90", 0.9))}
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": total, "mean": means, **levels})


def _floor(values: np.ndarray, offsets: np.ndarray) -> np.float32:
    """The least value that is told from zero, a power of two."""
    def greatest(first: int, last: int) -> float:
        some = values[offsets[first]:offsets[last]]
        return float(np.fmax.reduce(some, initial=np.float32(0)))

    most = max(blocks.each(greatest, offsets), default=0.0)
    return np.float32(2.0 ** (np.floor(np.log2(most if most > 0 else 1.0)) + 1 - _OCTAVES))


def _placing(table: ScoreTable, edges: np.ndarray | None) -> tuple[Callable[..., np.ndarray], np.ndarray]:
    """What gives the bin of (position, length), both int64, and the edges of the bins."""
    if edges is None:
        bins = len(RELATIVE_EDGES) - 1
        return lambda position, length: (2 * position + 1) * bins // (2 * length), RELATIVE_EDGES
    bin_of = np.searchsorted(edges, np.arange(int(table.trainable_counts.max(initial=0)) + 1), side="right") - 1
    return lambda position, length: bin_of[position], edges


def _level(running: np.ndarray, share: float, lowest: int) -> np.ndarray:
    """float64[B]: the middle of the step that holds this share of a bin's values; NaN for an empty bin."""
    total = running[:, -1]
    key = (running < np.maximum(np.ceil(share * total), 1)[:, None]).sum(axis=1) + lowest
    middle = ((key.astype(np.uint32) << np.uint32(_SHIFT)) | np.uint32(1 << (_SHIFT - 1))).view(np.float32)
    return np.where(total > 0, middle.astype(np.float64), np.nan)


@dataclass(frozen=True, eq=False)
class Correlations:
    """Spearman's rank correlation of K numbers over n tokens."""

    names: list[str]  # reasoning, p, relevance, entropy, position, length: those that the run has
    matrix: np.ndarray  # float64[K, K]; NaN where a number never changes
    tokens: int  # n
    sampled: bool  # whether n is a seeded sample of all


def correlations(table: ScoreTable, verdicts: Verdicts, most: int = SAMPLE, seed: int = 0) -> Correlations:
    """Over the response tokens that have all numbers, at most so many, drawn with that seed. position: response tokens
    before it; length: of its response."""
    chosen = _sample(table, most, seed)
    held = {name: _SHOWN.get(name, name) for name in verdicts.attributes}
    taken = pd.DataFrame(_taken(table, verdicts, chosen))
    taken = taken.rename(columns=held).dropna(axis=1, how="all").dropna()
    ranks = taken.rank().to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.corrcoef(ranks, rowvar=False) if len(ranks) > 1 else np.full((ranks.shape[1],) * 2, np.nan)
    return Correlations(list(taken.columns), np.atleast_2d(matrix), len(taken), len(chosen) < _trainable(table))


_SHOWN = {"novelty": "p"}


def _trainable(table: ScoreTable) -> int:
    return int(table.trainable_counts.sum())


def _sample(table: ScoreTable, most: int, seed: int) -> np.ndarray:
    """int64, ascending: which of the run's response tokens to take, counted from 0."""
    every = _trainable(table)
    if every <= most:
        return np.arange(every)
    return np.sort(np.random.default_rng(seed).choice(every, most, replace=False, shuffle=False))


def _taken(table: ScoreTable, verdicts: Verdicts, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """The numbers of the chosen response tokens, by name."""
    before = np.append(0, np.cumsum(table.trainable_counts))
    columns = {name: found.values for name, found in verdicts.attributes.items()}
    if "entropy" in table.score_names:
        columns["entropy"] = table.column("entropy")

    def taken(first: int, last: int) -> dict[str, np.ndarray]:
        here = slice(*np.searchsorted(chosen, [before[first], before[last]]))
        where, position, length = positions(table, first, last)
        rows = chosen[here] - before[first]
        tokens = table.offsets[first] + where[rows]
        found = {name: values[tokens] for name, values in columns.items()}
        return found | {"position": position[rows], "length": length[rows]}

    parts = list(blocks.each(taken, table.offsets))
    return {name: joined(np.float32 if name in columns else np.int64, (part[name] for part in parts))
            for name in [*columns, "position", "length"]}
