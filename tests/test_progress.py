"""Speed, time left, and which examples an estimate tries: worked by hand."""

import numpy as np
import pytest

from xtf.engine import probe
from xtf.engine import survey as surveying
from xtf.progress import Meter, duration, line


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def fed(steps, window=60.0):
    """A meter after (seconds since the step before, done, stage)."""
    clock = Clock()
    meter = Meter(window, clock)
    for seconds, done, stage in steps:
        clock.now += seconds
        meter(done, 10_000, stage)
    return meter


def test_the_rate_is_that_of_the_last_minute():
    slow_then_fast = [(0, 0, "scoring"), *[(10, 100 * (step + 1), "scoring") for step in range(10)],
                      *[(10, 1000 + 1000 * (step + 1), "scoring") for step in range(6)]]
    assert fed(slow_then_fast).rate == pytest.approx(100)  # 6,000 tokens in the last 60 s
    assert fed(slow_then_fast, window=1000).rate == pytest.approx(7000 / 160)


def test_what_is_found_to_be_done_is_no_work():
    steps = [(0, 0, "loading model"), (5, 4000, "resuming"), (5, 8000, "resuming"), (2, 8100, "scoring"),
             (2, 8200, "scoring"), (100, 9000, "resuming"), (2, 9100, "scoring")]
    assert fed(steps).rate == pytest.approx(300 / 6)


def test_reading_has_a_rate_of_its_own_that_ends_with_it():
    assert fed([(0, 0, "reading data"), (1, 500, "reading data"), (1, 1000, "reading data")]).rate == 500
    assert fed([(0, 0, "reading data"), (2, 500, "reading data"), (1, 0, "loading model")]).rate is None


def test_many_small_steps_cost_little_and_count():
    steps = [(0, 0, "reading data"), *[(0.001, step + 1, "reading data") for step in range(3000)]]
    assert fed(steps).rate == pytest.approx(1000, rel=0.01)


def test_what_a_person_reads():
    assert line(500, 2000, "scoring", 10.0) == ["500 of 2,000 tokens", "10 tokens/s", "2 min 30 s left"]
    assert line(1200, 0, "reading data", 400.0) == ["1,200 examples", "400 examples/s"]
    assert line(0, 2000, "loading model", None) == []
    assert duration(7260) == "2 h 1 min"


def test_the_plan_is_the_windows_and_batches_of_the_run(monkeypatch):
    monkeypatch.setattr(surveying, "SHARD_TOKENS", 10)
    planned = probe.plan([4, 7, 2, 3, 5, 1], budget=8)  # windows: 4 + 7 | 2 + 3 + 5 | 1
    assert [batch.positions for batch in planned] == [[0], [1], [2, 3], [4], [5]]
    assert probe.padded(planned) == 4 + 7 + 6 + 5 + 1
    assert probe.largest(planned).positions == [1]


def test_the_sample_has_the_lengths_of_the_data():
    lengths = np.random.default_rng(0).lognormal(5, 0.6, 5000).astype(int) + 1
    lengths.sort()  # the worst order: the first examples are the shortest
    chosen = lengths[probe.sample(lengths.tolist())]
    assert 0.8 * 12_000 < chosen.sum() < 1.2 * 12_000
    assert chosen.mean() == pytest.approx(lengths.mean(), rel=0.05)
    assert probe.sample([5]) == [0] and probe.sample([3, 4]) == [0, 1]


def test_types_grow_as_a_power_of_the_tokens():
    assert probe.types_in_all(half=100, whole=200, read=1000, tokens=4000, vocabulary=10_000) == 800
    assert probe.types_in_all(half=100, whole=141, read=1000, tokens=4000, vocabulary=10_000) == pytest.approx(282, 2)
    assert probe.types_in_all(half=100, whole=200, read=1000, tokens=4000, vocabulary=500) == 500
    assert probe.types_in_all(half=100, whole=200, read=1000, tokens=1000, vocabulary=500) == 200
