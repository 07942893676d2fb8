"""The order of a fine-tune: every example once, alike lengths in one step, the same whatever the labels."""

import numpy as np
import pytest

from tests.test_training_fit import SETTINGS, curve, model_of
from tests.test_training_kept import examples
from xtf.filters import IGNORE
from xtf.training.data import Rows
from xtf.training.fit import fit
from xtf.training.order import ByLength, order

LENGTHS = np.random.default_rng(0).integers(10, 500, 1003)


@pytest.mark.parametrize("count, batch", [(1003, 16), (7, 16), (16, 16), (33, 1), (1, 4)])
def test_every_example_comes_once(count, batch):
    assert sorted(order(LENGTHS[:count], batch, 3, 0)) == list(range(count))


def test_a_step_holds_alike_lengths_and_steps_come_at_random():
    steps = LENGTHS[order(LENGTHS, 16, 3, 0)[:992]].reshape(-1, 16)
    assert (steps.max(1) * 16).sum() < 1.06 * steps.sum()  # in random order it is 1.9
    assert np.abs(np.corrcoef(np.arange(len(steps)), steps.mean(1))[0, 1]) < 0.3


def test_seed_and_epoch_decide_and_nothing_else_does():
    sampler = ByLength(LENGTHS, 16, 3)
    first = list(sampler)
    assert list(sampler) == first == order(LENGTHS, 16, 3, 0).tolist()
    sampler.set_epoch(1)
    assert list(sampler) == order(LENGTHS, 16, 3, 1).tolist() != first
    assert order(LENGTHS, 16, 4, 0).tolist() != first


@pytest.fixture
def read(monkeypatch):
    """The examples' numbers in the order in which they are asked for."""
    asked = []
    usual = Rows.__getitem__
    monkeypatch.setattr(Rows, "__getitem__", lambda rows, index: asked.append(index) or usual(rows, index))
    return asked


def test_labels_do_not_change_the_order_and_a_resumed_one_goes_on_with_it(tiny_model, tmp_path, read):
    made = examples(22)
    ids = np.concatenate([each for each, _ in made])
    offsets = np.cumsum([0, *(len(each) for each, _ in made)])
    labels = np.concatenate([each for _, each in made])
    fit(model_of(tiny_model), Rows(ids, labels, offsets), SETTINGS, tmp_path / "some")
    whole, read[:] = list(read), []
    fit(model_of(tiny_model), Rows(ids, np.where(np.arange(len(ids)) % 3, ids, IGNORE), offsets), SETTINGS,
        tmp_path / "other")
    assert read == whole == [*order(np.diff(offsets), 4, 5, 0), *order(np.diff(offsets), 4, 5, 1)]

    def interrupt(done: int, total: int, stage: str) -> None:
        if done == 10:  # after the checkpoint of step 9, in the second epoch
            raise RuntimeError("killed")

    rows = Rows(ids, labels, offsets)
    with pytest.raises(RuntimeError, match="killed"):
        fit(model_of(tiny_model), rows, SETTINGS, tmp_path / "parts", progress=interrupt)
    read[:] = []
    fit(model_of(tiny_model), rows, SETTINGS, tmp_path / "parts")
    assert read[-len(whole) + 36:] == whole[36:]
    assert curve(tmp_path / "parts") == curve(tmp_path / "some")
