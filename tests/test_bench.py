"""The benchmark's yardstick is the published procedure, and its figures hang together."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from xtf.bench import published
from xtf.cli.main import cli
from xtf.config import ModelSettings
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


def test_the_printed_ratios_are_those_of_the_printed_seconds(tiny_model):
    done = CliRunner().invoke(cli, ["bench", "scoring", "demo", "--limit", "4", "--repeats", "1", "--model",
                                    str(tiny_model), "--json"], standalone_mode=False)
    found = json.loads(done.stdout)
    first, *others = found["results"]
    assert first["times_published"] == 1 and len(others) == 2
    for row in others:
        assert row["times_published"] == pytest.approx(first["seconds"] / row["seconds"], rel=0.02, abs=0.01)
        assert row["tokens_per_second"] == pytest.approx(found["tokens"] / row["seconds"], rel=0.02)
