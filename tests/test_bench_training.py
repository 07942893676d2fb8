"""The benchmark of fine-tuning: the same loss from the same examples, and ratios that hang together."""

import pytest

from tests.commands import refused, told
from tests.processes import Here
from xtf.bench import trainers, training


def test_ways_agree_and_ratios_are_those_of_the_printed_figures(tiny_model, monkeypatch):
    monkeypatch.setattr(training, "alone", here := Here())
    found = told("bench", "training", "--examples", 16, "--repeats", 1, "--model", tiny_model)
    assert [way for way, *_ in here.asked] == list(trainers.WAYS)
    default, same, ours = found["results"]
    assert ours["first_loss"] == pytest.approx(same["first_loss"], abs=1e-5)
    assert ours["tokens"] == same["tokens"] > 0 and found["examples"] == 16
    for way in (default, same, ours):
        assert way["tokens_per_second"] == pytest.approx(way["tokens"] / way["seconds"], rel=0.01)
        for name, other in (("default", default), ("same", same)):
            times = way["tokens_per_second"] / other["tokens_per_second"]
            assert way[f"times_{name}"] == pytest.approx(times, rel=0.01)
            assert way[f"memory_of_{name}"] == pytest.approx(way["memory_bytes"] / other["memory_bytes"], rel=0.01)


def test_too_few_examples_are_a_sentence(demo_run, tiny_model):
    said = refused("bench", "training", "--examples", 8, "--batch-examples", 8, "--model", tiny_model)
    assert "at least twice as many" in said
