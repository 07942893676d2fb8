"""The only file that scores: one forward pass per batch gives every column of every token.

    scorer = Scorer(load_model(settings), layers=None)
    columns = scorer.score(batch)          # a list of Tokens → a list of {column: float32[T]}
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from xtf.data.types import Tokens
from xtf.errors import ModelError, SettingsError
from xtf.models import LoadedModel
from xtf.scoring import attention, relevance
from xtf.scoring.backbone import Backbone
from xtf.scoring.crew import Crew
from xtf.scoring.head import Head
from xtf.scoring.layout import Columns, Layout

_TYPE_BATCH = 512


class Scorer:
    """A loaded model taken apart into backbone and head, ready to score batches.

    `attention_note` is None, or a sentence on why this model gives no attention; reasoning columns are then NaN.
    """

    @torch.inference_mode()
    def __init__(self, loaded: LoadedModel, layers: str | None = None):
        self.loaded = loaded
        self.device = torch.device(loaded.device)
        self.embedding = loaded.model.get_input_embeddings()
        if loaded.model.base_model is loaded.model or loaded.model.get_output_embeddings() is None:
            raise ModelError(f"{loaded.architecture} is not a causal language model with a head: choose a decoder-only "
                             "model.")
        self.backbone = Backbone(loaded.model)
        self.head = Head(loaded.model)
        self.attention_note = self.backbone.attention_note
        self.layer_groups = _layer_groups(self.backbone.layers, layers)
        self._crew = None if self.device.type != "cpu" or _changes_its_positions(loaded.model.config) else Crew()

    def score_all(self, batches: Sequence[Sequence[Tokens]]) -> Iterator[list[Columns]]:
        """`score` of each batch, in order. On a CPU several are scored at once, each by its share of the cores."""
        return self._map(self.score, batches)

    @torch.inference_mode()
    def score(self, batch: Sequence[Tokens]) -> list[Columns]:
        """Scores a batch. NaN wherever a token is not trainable. Raises: ModelError on NaN logits."""
        together = self.backbone.lay_out(list(batch))
        hidden, collector = self.backbone.run(together)
        columns = self._prediction_columns(hidden, together)
        if collector:
            columns |= attention.per_token(collector, self.layer_groups)
        return together.per_example(columns)

    @torch.inference_mode()
    def type_similarities(self, ids: np.ndarray, counts: np.ndarray, words: Sequence[Sequence[int]]) -> Columns:
        """TYPE_COLUMNS float32[V'] for the token types `ids` [V'], whose `counts` weigh the dataset's mean; `words`
        are the domain words' token ids, each fed alone."""
        columns = {}
        for name, vectors_of in (("embedding", self._embedded), ("hidden", self._hidden)):
            blocks = torch.as_tensor(ids, dtype=torch.long, device=self.device)[:, None].split(_TYPE_BATCH)
            vectors = torch.cat(list(self._map(vectors_of, blocks)))[:, 0]
            weights = torch.as_tensor(counts, dtype=torch.float64, device=self.device)
            of_words = [vectors_of(torch.tensor([word], device=self.device))[0] for word in words if len(word)]
            columns[f"{name}_dataset"] = relevance.similarity(vectors, relevance.domain_mean(vectors, weights))
            columns[f"{name}_words"] = relevance.similarity(vectors, relevance.word_mean(of_words))
        return {name: column.cpu().numpy() for name, column in columns.items()}

    @torch.inference_mode()
    def _embedded(self, rows: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = self.embedding(rows).float()
        return vectors

    @torch.inference_mode()
    def _hidden(self, rows: torch.Tensor) -> torch.Tensor:
        return self.backbone.alone(rows).float()

    def _map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        return self._crew.map(work, items) if self._crew else map(work, items)

    def _prediction_columns(self, hidden: torch.Tensor, batch: Layout) -> dict[str, torch.Tensor]:
        """float32[R, S] columns. The token at place j is predicted at j - 1, so logits are made there and nowhere
        else."""
        rows, places = batch.trainable.nonzero(as_tuple=True)
        scores = self.head.scores(hidden[rows, places - 1], batch.ids[rows, places])
        if scores and not torch.isfinite(scores["logprob"]).all():
            raise ModelError(f"The model gave NaN or infinite logits in {self.loaded.dtype}: try --dtype float32, and "
                             "if that does not help, its weights are damaged.")
        columns = {name: torch.full(batch.trainable.shape, torch.nan, device=self.device) for name in scores}
        for name, values in scores.items():
            columns[name][rows, places] = values
        return columns


def _changes_its_positions(config: Any) -> bool:
    """Whether the model's rotary frequencies are set anew at each call, by the longest example there is in it."""
    positions = getattr(config.get_text_config(), "rope_parameters", None) or {}
    return any(kind in str(positions) for kind in ("dynamic", "longrope"))


def _layer_groups(count: int, layers: str | None) -> dict[str, list[int]]:
    """Names of layer groups → layer numbers, counted over the `count` layers that have attention."""
    if not count:
        return {}
    groups = {"mean": list(range(count)), "first": [0], "last": [count - 1],
              "last_third": list(range(count - max(1, count // 3), count))}
    return groups | ({"list": parse_layers(layers, count)} if layers else {})


def parse_layers(text: str, count: int) -> list[int]:
    """`0,5,10-14` → layer numbers below `count`. Raises: SettingsError."""
    chosen: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if not match:
            raise SettingsError(f"--layers {text}: write numbers and ranges such as 0,5,10-14.")
        first, last = int(match[1]), int(match[2] or match[1])
        chosen += range(first, last + 1)
    if not chosen or max(chosen) >= count:
        raise SettingsError(f"--layers {text}: this model has layers 0 to {count - 1}.")
    return sorted(set(chosen))
