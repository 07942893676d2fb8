"""Multi-Otsu thresholds of a histogram, exactly those of `skimage.filters.threshold_multiotsu`, but in milliseconds.

scikit-image tries every combination of thresholds: seconds for five classes, hours for a dataset clustered answer by
answer. The best combination is also found class by class (max-plus products over a table of class variances), in the
same float32 arithmetic and order of summation, so that ties and roundings fall alike. A test compares the two.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

BINS = 256
_CELLS = 1 << 22  # of the cube that one step of a max-plus product fills


def histogram(values: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Counts[BINS] and bin centres float64[BINS] over the range of `values`, each counted `weights` (int) times."""
    counts, edges = np.histogram(values.astype(np.float64), bins=BINS, weights=weights)
    return counts, (edges[:-1] + edges[1:]) / 2


def histogram_of_sorted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of ascending float32 values, without passing over all of them."""
    edges = np.histogram_bin_edges(values[[0, -1]].astype(np.float64), bins=BINS)
    # The least float32 that is not below an edge has as many values below it as the edge has.
    near = edges.astype(np.float32)
    near = np.where(near < edges, np.nextafter(near, np.float32(np.inf)), near)
    below = np.searchsorted(values, near)
    below[-1] = len(values)  # the last bin holds its upper edge
    return np.diff(below), (edges[:-1] + edges[1:]) / 2


def multiotsu(counts: np.ndarray, centres: np.ndarray, classes: int) -> np.ndarray:
    """Thresholds float64[K - 1] between K = min(classes, filled bins) clusters; cluster c holds t[c-1] <= v < t[c].

    Liao, Chen and Chung, A fast algorithm for multilevel thresholding, 2001: maximises the variance between classes.
    """
    filled = np.flatnonzero(counts)
    if len(filled) <= classes:
        return np.asarray(centres[filled[:-1]], np.float64)
    share = (counts[filled] / counts.sum()).astype(np.float32)
    variance, ends = _class_variances(share, filled), filled.copy()
    # scikit-image knows no variance for the class of bin 0 alone, so it ends that class at bin 1 where that is empty.
    if filled[1] > 1:
        ends[0] = 1
    return np.asarray(centres[ends[list(_best_cuts(variance, classes - 1))]], np.float64)


def _class_variances(share: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """float32[k, k]: squared first moment over mass of the class that holds filled bins i..j, -inf for i > j."""
    # scikit-image weighs bin 0 like bin 1; without that its thresholds would come out differently now and then.
    moment = np.cumsum(np.maximum(bins, 1).astype(np.float32) * share, dtype=np.float32)
    mass = np.cumsum(share, dtype=np.float32)
    before = np.concatenate([np.zeros(1, np.float32), moment[:-1]])[:, None]
    mass_within = mass[None, :] - np.concatenate([np.zeros(1, np.float32), mass[:-1]])[:, None]
    # A class too light for float32 to notice has no mass; like scikit-image it then counts nothing.
    squared = (moment[None, :] - before) ** 2
    variance = np.divide(squared, mass_within, out=np.zeros_like(squared), where=mass_within > 0)
    return np.where(np.tri(len(bins), k=-1, dtype=bool), np.float32(-np.inf), variance)


def _best_cuts(variance: np.ndarray, cuts: int) -> Sequence[int]:
    """The last bin of every class but the highest, so that the variances add up highest; the first such in order.

    `stages[i][t, l]` is the best sum over classes 0..i and the highest one, when class i ends at t and the highest
    class begins after l. Rounding is monotonic, so that the best sum is always an extension of a best part.
    """
    size = len(variance)
    below = np.full((size, size), -np.inf, np.float32)
    below[:-1] = variance[1:]  # below[s, t]: the class that begins after s and ends at t
    lowest, highest = variance[0], below[:, -1]
    if cuts == 1:
        return [int(np.argmax(lowest + highest))]
    stages = [lowest[:, None] + highest[None, :]]
    for _ in range(cuts - 2):
        stages.append(_max_plus(stages[-1], below))
    final = stages[-1] + below
    best = final.max()
    paths = [[int(t), int(last)] for t, last in np.argwhere(final == best)]
    for stage in reversed(stages[:-1]):
        paths = [[int(s), *path] for path in paths for s in np.flatnonzero(_sums(stage, below, path) == best)]
    return min(paths)


def _max_plus(stage: np.ndarray, below: np.ndarray) -> np.ndarray:
    """float32[t, l] = max over s of stage[s, l] + below[s, t]."""
    size = len(stage)
    step = max(1, _CELLS // size**2)
    return np.concatenate([(stage[:, None, :] + below[:, start:start + step, None]).max(axis=0)
                           for start in range(0, size, step)])


def _sums(stage: np.ndarray, below: np.ndarray, path: list[int]) -> np.ndarray:
    """float32[s]: the whole sum, added up from the left, if the cut before `path` is at s."""
    total = stage[:, path[-1]] + below[:, path[0]]
    for start, end in pairwise(path):
        total = total + below[start, end]
    return np.asarray(total)
