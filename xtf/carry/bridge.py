"""The two sides of carrying over: how the run's data was rendered, and how it is for the other model."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xtf import models
from xtf.config import DataSettings, ModelSettings, OtherTokenizer, ScoreSettings, settings
from xtf.data import sources
from xtf.data.render import Drawing, drawer, template_name
from xtf.data.types import Example
from xtf.errors import DataError, ModelError
from xtf.store import Manifest

_NO_LIMIT = 10**9  # what transformers puts into `model_max_length` where nobody knows it


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
class Bridge:
    """Both sides, which read the same data."""

    run: str
    scored: Side
    other: Side


def build(manifest: Manifest, other: OtherTokenizer) -> Bridge:
    """Loads both tokenizers, without weights, and makes sure that the data is what was scored.

    Raises: DataError if the data is gone or has changed, ModelError if a tokenizer cannot be loaded.
    """
    asked = settings(ScoreSettings, manifest.settings)
    _check_data(manifest, asked)
    tokenizer = models.load_tokenizer(asked)
    scored = Side(models.display_name(asked), tokenizer, asked, _scored_context(manifest, asked))
    return Bridge(manifest.name, scored, _other_side(asked, other))


def _check_data(manifest: Manifest, asked: ScoreSettings) -> None:
    try:
        digest = sources.digest(asked)
    except DataError as error:
        raise DataError("Carrying verdicts over reads the data that was scored once more, and it is not there any "
                        f"more: {error}") from error
    if digest != manifest.data.get("digest"):
        raise DataError(f"The data {asked.data} has changed since run {manifest.name} was scored, so its verdicts "
                        "cannot be carried over: score again.")


def _scored_context(manifest: Manifest, asked: ScoreSettings) -> int | None:
    """The scoring model's limit; an unfinished run has not written it down yet."""
    if "context" in manifest.model:
        return manifest.model["context"]
    return models.context_length(models.load_config(asked))


def _other_side(asked: ScoreSettings, other: OtherTokenizer) -> Side:
    model = ModelSettings(model=other.tokenizer, revision=other.revision, trust_remote_code=other.trust_remote_code)
    tokenizer = models.load_tokenizer(model)
    data = asked.model_copy(update={
        "template": other.template or asked.template, "max_length": other.max_length,
        "too_long": other.too_long or asked.too_long, "empty": "skip"})
    return Side(models.display_name(model), tokenizer, data, _context(model, tokenizer))


def _context(model: ModelSettings, tokenizer: Any) -> int | None:
    """The limit that the model's configuration names, else the tokenizer's, which is often missing or wrong."""
    try:
        return models.context_length(models.load_config(model))
    except ModelError:  # only a tokenizer is there
        limit = tokenizer.model_max_length
        return int(limit) if limit < _NO_LIMIT else None


def _digest(tokenizer: Any) -> str:
    """Over everything that decides how text becomes ids, and the chat template."""
    content = tokenizer.backend_tokenizer.to_str() + str(tokenizer.chat_template)
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
