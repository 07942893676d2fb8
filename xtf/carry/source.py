"""The run's data once more: read and rendered as it was scored, and checked that it still is what was scored."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtf import models
from xtf.config import DataSettings, ScoreSettings, settings
from xtf.data import formats, sources
from xtf.data.render import Drawing, drawer, template_name
from xtf.data.types import Example
from xtf.errors import DataError, StoreError
from xtf.store import Manifest, ScoreTable


@dataclass(frozen=True)
class Side:
    """A tokenizer, and how it renders the data."""

    name: str
    tokenizer: Any
    data: DataSettings
    context: int | None

    def drawer(self, tally: Counter[str]) -> Callable[[Example], Drawing | None]:
        return drawer(self.tokenizer, self.data, self.context, tally)

    def describe(self) -> dict[str, Any]:
        """For records: name, sha256 of tokenizer and chat template, what the template setting comes to, limits."""
        return {"name": self.name, "digest": _digest(self.tokenizer),
                "template": template_name(self.tokenizer, self.data), "eos": self.data.eos,
                "context": self.context, "max_length": self.data.max_length}


@dataclass(frozen=True)
class Scored:
    """An example of the run, rendered as it was scored; `here` are its tokens in the run's flat arrays."""

    index: int
    example: Example
    drawing: Drawing
    here: slice


def scored_side(manifest: Manifest) -> Side:
    """Loads the run's tokenizer, without weights, and makes sure that the data is what was scored.

    Raises: DataError if the data is gone or has changed, ModelError if the tokenizer cannot be loaded.
    """
    asked = settings(ScoreSettings, manifest.settings)
    check_data(manifest, asked)
    tokenizer = models.load_tokenizer(asked)
    return Side(models.display_name(asked), tokenizer, asked, _scored_context(manifest, asked))


def scored(side: Side, run: str, table: ScoreTable) -> Iterator[Scored]:
    """The examples of `run` in order, one at a time.

    Raises: StoreError where the data no longer gives the tokens that were scored; DataError as rendering does.
    """
    draw = side.drawer(Counter())
    drawn = ((example, drawing) for example in formats.examples(side.data)
             if (drawing := draw(example)) is not None)
    index = -1
    for index, (example, drawing) in zip(range(len(table)), drawn):
        here = slice(int(table.offsets[index]), int(table.offsets[index + 1]))
        if example.id != table.example_ids[index] or not np.array_equal(drawing.tokens.ids, table.ids[here]):
            raise _changed(run, f"Example {example.id} of")
        yield Scored(index, example, drawing, here)
    if index + 1 < len(table):
        raise _changed(run, "The data of")


def _changed(run: str, what: str) -> StoreError:
    return StoreError(f"{what} run {run} no longer gives the tokens that were scored, because a template, a library or "
                      "XTF has changed since: score again.")


def check_data(manifest: Manifest, asked: ScoreSettings) -> None:
    try:
        digest = sources.digest(asked)
    except DataError as error:
        raise DataError("The data that was scored has to be read once more, and it is not there any more: "
                        f"{error}") from error
    if digest != manifest.data.get("digest"):
        raise DataError(f"The data {asked.data} has changed since run {manifest.name} was scored, so its verdicts no "
                        "longer fit it: score again.")


def _scored_context(manifest: Manifest, asked: ScoreSettings) -> int | None:
    """The scoring model's limit; an unfinished run has not written it down yet."""
    if "context" in manifest.model:
        return manifest.model["context"]
    return models.context_length(models.load_config(asked))


def _digest(tokenizer: Any) -> str:
    """Over everything that decides how text becomes ids, and the chat template."""
    content = tokenizer.backend_tokenizer.to_str() + str(tokenizer.chat_template)
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
