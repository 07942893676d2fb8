"""The benchmark's yardstick is the published procedure, and its figures hang together."""

import os

import numpy as np
import pytest
from transformers import AutoModelForCausalLM, LlamaConfig

from tests.commands import told
from tests.processes import Here
from xtf.bench import contenders, published, roofline, scoring
from xtf.bench.alone import alone
from xtf.config import ModelSettings, ScoreSettings
from xtf.data.types import Tokens
from xtf.models import load_model


@pytest.mark.slow
def test_the_yardstick_gives_the_golden_values(golden, embedded_model):
    loaded = load_model(ModelSettings(model=str(embedded_model), dtype="float32", device="cpu"))
    first = golden["examples"][0]
    length = len(first["ids"])
    tokens = Tokens(np.array(first["ids"], np.int32), np.zeros(length, np.uint8), np.zeros((length, 2), np.int32), "")
    words = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "+", "-", "*", "/", "=", "maths"]
    found = published.score(loaded.model, loaded.tokenizer, [tokens], words)[0]
    for name, theirs, tolerance in (("p", "p", 1e-5), ("row_mean", "ri_row_mean", 1e-7)):
        np.testing.assert_allclose(found[name].numpy(), first[theirs], atol=tolerance)
    seen = {}  # a token stands for the first-seen one of the same text, which here may come from a later example
    same = [position for position, token in enumerate(first["ids"])
            if seen.setdefault(loaded.tokenizer.decode([token]).strip(), token) == token]
    np.testing.assert_allclose(found["tr"].numpy()[same], np.array(first["tr"])[same], atol=1e-4)


def test_a_way_is_measured_in_a_process_of_its_own(tiny_model):
    settings = ScoreSettings(data="demo", limit=2, model=str(tiny_model), device="cpu", dtype="float32")
    seconds, peak = alone(contenders.measure, "xtf", settings, ("1", "maths"))
    assert seconds > 0 and peak > 1e8
    assert alone(os.getpid) != os.getpid()


def test_the_printed_ratios_are_those_of_the_printed_seconds(tiny_model, monkeypatch):
    monkeypatch.setattr(scoring, "alone", here := Here())
    found = told("bench", "scoring", "demo", "--limit", 4, "--repeats", 1, "--model", tiny_model, "--device", "cpu")
    assert len(here.asked) == 7
    ways = {(row["name"], row["dtype"]): row for row in found["results"]}
    assert len(ways) == len(found["results"]) == 7
    roof = {row["dtype"]: row["tokens_per_second"] for row in found["roofline"]}
    published = ways["published procedure", "float32"]["seconds"]
    for (_, dtype), row in ways.items():
        bare = ways["bare forward", dtype]["seconds"]
        assert row["times_published"] == pytest.approx(published / row["seconds"], rel=0.01)
        assert row["times_bare"] == pytest.approx(row["seconds"] / bare, rel=0.01)
        assert row["tokens_per_second"] == pytest.approx(found["tokens"] / row["seconds"], rel=0.01)
        assert row["of_roofline"] == pytest.approx(row["tokens_per_second"] / roof[dtype], rel=0.01, abs=1e-5)
        assert row["memory_bytes"] > 1e8


def test_operations_by_hand():
    """Two layers of width 4 with one head: by hand 2·(4·4·4 + 3·4·6) weights a layer, and V = 10; 2 token types."""
    config = LlamaConfig(vocab_size=10, hidden_size=4, intermediate_size=6, num_hidden_layers=2, num_attention_heads=1,
                         num_key_value_heads=1)
    model = AutoModelForCausalLM.from_config(config)
    layer = 4 * 4 * 4 + 3 * 4 * 6
    attention = 2 * 4 * 4 * (1 + 2 + 3)  # layers · (two products of two operations) · width · pairs of 3 tokens
    expected = 2 * 2 * layer * (3 + 2) + attention + 2 * 40 * 2
    assert roofline.flops(model, np.array([3]), trainable=2, types=2) == expected
