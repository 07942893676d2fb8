"""In which order a fine-tune reads its examples: at random, but with those of similar length in one step.

The order hangs on the whole examples' lengths and the seed alone, never on labels, so that two fine-tunes that differ
in what they train on see the same examples in the same steps.
"""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

_STEPS = 32  # steps' worth of examples that are drawn together and sorted: a step's lengths differ by some 3 %


class ByLength(Sampler[int]):
    """Numbers of examples for steps of `batch` examples. Each epoch has an order of its own, which `set_epoch` tells
    (accelerate calls it, also when a fine-tune resumes)."""

    def __init__(self, lengths: np.ndarray, batch: int, seed: int):
        self._lengths, self._batch, self._seed, self._epoch = lengths, batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        return iter(order(self._lengths, self._batch, self._seed, self._epoch).tolist())


def order(lengths: np.ndarray, batch: int, seed: int, epoch: int) -> np.ndarray:
    """int64[N], a permutation. All examples are shuffled and cut into stretches of 32 steps; each stretch is sorted by
    length and its steps are shuffled. An incomplete step comes last, as the data loader makes it."""
    random = np.random.default_rng([seed, epoch])
    shuffled = random.permutation(len(lengths))
    whole = len(lengths) // batch * batch
    steps = []
    for start in range(0, whole, _STEPS * batch):
        stretch = shuffled[start:min(whole, start + _STEPS * batch)]
        steps += np.split(stretch[np.argsort(lengths[stretch], kind="stable")], len(stretch) // batch)
    drawn = [steps[number] for number in random.permutation(len(steps))]
    return np.concatenate([*drawn, shuffled[whole:]])
