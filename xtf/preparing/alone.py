"""How likely the base model finds the responses where it does not read what was asked: for IFD."""

import time

import numpy as np

from xtf import models
from xtf.added import ALONE
from xtf.columns import Mark
from xtf.data.types import Example, Tokens
from xtf.engine import again
from xtf.evaluation import losses
from xtf.progress import Progress, within
from xtf.runs import Run
from xtf.store import ScoredExample


def add(run: Run, progress: Progress) -> None:
    """Adds the column ALONE: the text of prompts is taken out of every example, turns of the template stay. Raises:
    ModelError if the model is gone or has changed; StoreError."""
    started = time.monotonic()
    progress(0, 0, "loading model")
    loaded, table = models.load_model(again.settings_of(run.manifest)), run.table()
    rows = (without_prompts(table.example(index)) for index in range(len(table)))
    found = losses.of_tokens(loaded, rows, len(table), int(run.manifest.settings["batch_tokens"]),
                             within("responses alone", progress))
    values = np.full(int(table.offsets[-1]), np.nan, np.float32)
    values[(table.marks & np.uint8(Mark.PROMPT)) == 0] = found
    run.added.write(ALONE, values, {"seconds": round(time.monotonic() - started, 2)})


def without_prompts(example: ScoredExample) -> tuple[Example, Tokens]:
    """The tokens that are not of a prompt's text. What then comes first is predicted by nothing, so it is no response
    token any more."""
    left = (example.marks & np.uint8(Mark.PROMPT)) == 0
    marks = example.marks[left].copy()
    marks[:1] &= np.uint8(~Mark.RESPONSE & 0xFF)
    return Example(example.id, ()), Tokens(example.ids[left], marks, example.spans[left], example.text)
