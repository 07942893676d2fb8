"""The two sides of carrying over: how the run's data was rendered, and how it is for the other model."""

from dataclasses import dataclass
from typing import Any

from xtf import models
from xtf.carry.source import Side, scored_side
from xtf.config import DataSettings, ModelSettings, OtherTokenizer
from xtf.errors import ModelError
from xtf.store import Manifest

_NO_LIMIT = 10**9  # what transformers puts into `model_max_length` where nobody knows it


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
    scored = scored_side(manifest)
    return Bridge(manifest.name, scored, _other_side(scored.data, other))


def _other_side(asked: DataSettings, other: OtherTokenizer) -> Side:
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
