"""What scoring does when memory is short, and how much it takes."""

import json
import logging

import numpy as np
import pytest
import torch

from tests.processes import peak_memory
from tests.test_scoring_architectures import CONFIGS, batch_of, build
from xtf.data.types import Example
from xtf.engine.window import Budget, score_window
from xtf.errors import ModelError
from xtf.scoring.forward import Scorer


class Small(Scorer):
    """A scorer on a machine that has room for so many tokens at once: beyond, a real allocation fails."""

    room = 30

    def score(self, batch):
        if sum(len(tokens) for tokens in batch) > self.room:
            torch.empty(1 << 60, dtype=torch.uint8)
        return super().score(batch)


def window_of(lengths):
    return [(Example(str(number), ()), tokens) for number, tokens in enumerate(batch_of(lengths))]


def test_out_of_memory_halves_the_budget_and_goes_on(caplog):
    window = window_of([9, 20, 5, 7, 12, 29, 4])
    budget, told = Budget(100), []
    with caplog.at_level(logging.WARNING):
        rows = score_window(Small(build(CONFIGS["llama"])), window, budget, told.append)
    assert budget.tokens <= 50 and "Out of memory" in caplog.text and str(budget.tokens) in caplog.text
    assert told[-1] == sum(len(tokens) for _, tokens in window) and told == sorted(told)
    expected = score_window(Scorer(build(CONFIGS["llama"])), window, Budget(100), lambda done: None)
    for row, other in zip(rows, expected, strict=True):
        assert row["id"] == other["id"]
        np.testing.assert_allclose(row["logprob"], other["logprob"], rtol=1e-5, atol=1e-5)


def test_an_example_that_does_not_fit_alone_is_a_sentence():
    with pytest.raises(ModelError, match="Example 1 does not fit into memory even alone: shorten"):
        score_window(Small(build(CONFIGS["llama"])), window_of([9, 40, 5]), Budget(64), lambda done: None)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    class Broken(Scorer):
        def score(self, batch):
            raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="multiplied"):
        score_window(Broken(build(CONFIGS["llama"])), window_of([9]), Budget(64), lambda done: None)


@pytest.mark.slow
def test_four_thousand_tokens_fit_into_three_gigabytes(embedded_model, tmp_path):
    """A whole `xtf score`, by the kernel's account. All logits alone would take 0.8 GB, all attention maps 18 GB."""
    words = " ".join(f"{number} and {number * 7} make {number * 8}." for number in range(1, 400))
    (tmp_path / "long.jsonl").write_text(json.dumps({"prompt": "Add.", "response": words}) + "\n")
    peak = peak_memory("score", str(tmp_path / "long.jsonl"), "--run", "long", "--model", str(embedded_model),
                       "--dtype", "float32", "--device", "cpu", "--max-length", "4096", "--too-long", "truncate")
    assert peak < 3e9
    from xtf import runs

    table = runs.open_run("long").table()
    assert len(table.ids) == 4096
    assert np.isfinite(table.column("logprob")[table.trainable]).all()
