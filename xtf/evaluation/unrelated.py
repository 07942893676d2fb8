"""Text that has nothing to do with any task: what a model loses on it tells what a fine-tune has forgotten.

The passages (assets/unrelated.jsonl) were written for this: prose, code, dialogue, lists, ten languages.
"""

import functools
import json
from typing import NamedTuple

import numpy as np
import pandas as pd

from xtf import assets
from xtf.config import DataSettings
from xtf.data.render import renderer
from xtf.data.types import Example, Message
from xtf.evaluation import losses
from xtf.models import LoadedModel
from xtf.progress import UNRELATED_TEXT, Progress, silent

COLUMNS = ("id", "kind", "nll", "tokens")
_BATCH = 4096  # padded tokens at once
_PLAIN = DataSettings(data="unrelated", template="none", eos=False, too_long="truncate", empty="skip")


class Passage(NamedTuple):
    """One text: its name, its kind (prose, code, dialogue, language, list), itself."""

    id: str
    kind: str
    text: str


@functools.cache
def passages() -> tuple[Passage, ...]:
    """All of them, always in the same order, so that models can be paired by passage."""
    lines = assets.asset("unrelated.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Passage(**json.loads(line)) for line in lines)


def measured(loaded: LoadedModel, progress: Progress = silent) -> pd.DataFrame:
    """One row a passage with COLUMNS: nats summed over its tokens, and how many they are.

    Text stands alone, without a template; the tokenizer's first token (BOS) goes before it where it puts one. The first
    token of a text without one is predicted by nothing and does not count. A passage with a token that the model does
    not know has no tokens. Raises: ModelError.
    """
    draw, known = renderer(loaded.tokenizer, _PLAIN, loaded.context), losses.vocabulary(loaded)
    drawn = [(passage, draw(Example(passage.id, (Message("assistant", passage.text),)))) for passage in passages()]
    rendered = [(passage, tokens) for passage, tokens in drawn
                if tokens is not None and tokens.trainable.any() and tokens.ids.max() < known]
    if not rendered:
        return pd.DataFrame([(passage.id, passage.kind, 0.0, 0) for passage in passages()], columns=list(COLUMNS))
    offsets = np.cumsum([0, *(len(tokens) for _, tokens in rendered)])
    logprob = losses.of_tokens(loaded, ((Example(passage.id, ()), tokens) for passage, tokens in rendered),
                               len(rendered), _BATCH, lambda done, total, _: progress(done, total, UNRELATED_TEXT))
    trainable = np.concatenate([tokens.trainable for _, tokens in rendered])
    nats, counts = losses.sums(logprob, trainable, offsets)
    sums = {passage.id: (float(nat), int(count))
            for (passage, _), nat, count in zip(rendered, nats, counts, strict=True)}
    rows = [(passage.id, passage.kind, *sums.get(passage.id, (0.0, 0))) for passage in passages()]
    return pd.DataFrame(rows, columns=list(COLUMNS))
