"""The only file that runs a model to score: one forward pass per batch gives every column of every token.

    scorer = Scorer(load_model(settings), layers=None)
    columns = scorer.score(batch)          # a list of Tokens → a list of {column: float32[T]}
"""

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers.modeling_outputs import BaseModelOutputWithPast

from xtf.columns import Mark
from xtf.data.types import Tokens
from xtf.errors import ModelError, SettingsError
from xtf.models import LoadedModel
from xtf.scoring import attention, relevance
from xtf.scoring.novelty import prediction_scores

_LOGIT_BYTES = 1 << 26  # float32 logits held at once: 64 MiB
_TYPE_BATCH = 512
_PROBE = 8  # tokens of the probe that compares attention functions

Columns = dict[str, np.ndarray]


class Scorer:
    """A loaded model taken apart into backbone and head, ready to score batches.

    `attention_note` is None, or a sentence on why this model gives no attention; reasoning columns are then NaN.
    """

    def __init__(self, loaded: LoadedModel, layers: str | None = None):
        self.loaded = loaded
        self.model = loaded.model
        self.backbone = self.model.base_model
        self.device = torch.device(loaded.device)
        if self.backbone is self.model or self.model.get_output_embeddings() is None:
            raise ModelError(f"{loaded.architecture} is not a causal language model with a head: choose a decoder-only "
                             "model.")
        if loaded.dtype != "float32":  # a bfloat16 logit near 20 moves in steps of 0.125, too coarse for p > 0.95
            self.model.set_output_embeddings(copy.deepcopy(self.model.get_output_embeddings()).float())
        with torch.inference_mode():
            layers_seen, self.attention_note = _switch_attention(self.model, self._hidden, self.device)
        self.layer_groups = _layer_groups(layers_seen, layers)

    @torch.inference_mode()
    def score(self, batch: Sequence[Tokens]) -> list[Columns]:
        """Scores a batch. NaN wherever a token is not trainable. Raises: ModelError on NaN logits."""
        ids, lengths = self._padded(batch)
        collector = None
        if self.attention_note is None:
            collector = attention.Collector(lengths, self._marked(batch, Mark.PROMPT, ids.shape[1]))
        with attention.listening(collector):
            hidden = self._hidden(ids)
        trainable = self._marked(batch, Mark.RESPONSE, ids.shape[1])
        columns = self._prediction_columns(hidden, ids, trainable)
        if collector:
            columns |= attention.per_token(collector, self.layer_groups)
        return _per_example(columns, trainable, [len(tokens) for tokens in batch])

    @torch.inference_mode()
    def type_similarities(self, ids: np.ndarray, counts: np.ndarray, words: Sequence[Sequence[int]]) -> Columns:
        """TYPE_COLUMNS float32[V'] for the token types `ids` [V'], whose `counts` weigh the dataset's mean; `words`
        are the domain words' token ids, each fed alone."""
        embedding = self.model.get_input_embeddings()
        columns = {}
        for name, vectors_of in (("embedding", lambda rows: embedding(rows).float()),
                                 ("hidden", lambda rows: self._hidden(rows).float())):
            vectors = torch.cat([vectors_of(block[:, None])[:, 0] for block in
                                 torch.as_tensor(ids, dtype=torch.long, device=self.device).split(_TYPE_BATCH)])
            weights = torch.as_tensor(counts, dtype=torch.float64, device=self.device)
            of_words = [vectors_of(torch.tensor([word], device=self.device))[0] for word in words if len(word)]
            columns[f"{name}_dataset"] = relevance.similarity(vectors, relevance.domain_mean(vectors, weights))
            columns[f"{name}_words"] = relevance.similarity(vectors, relevance.word_mean(of_words))
        return {name: column.cpu().numpy() for name, column in columns.items()}

    def _hidden(self, ids: torch.Tensor) -> torch.Tensor:
        """Last hidden states [B, T, D] after the final norm. No padding mask: padding is on the right, and a causal
        model's real tokens never see it."""
        return self.backbone(input_ids=ids, use_cache=False).last_hidden_state

    def _padded(self, batch: Sequence[Tokens]) -> tuple[torch.Tensor, torch.Tensor]:
        lengths = torch.tensor([len(tokens) for tokens in batch])
        ids = torch.zeros(len(batch), int(lengths.max()), dtype=torch.long)
        for row, tokens in zip(ids, batch, strict=True):
            row[:len(tokens)] = torch.from_numpy(tokens.ids)
        return ids.to(self.device), lengths.to(self.device)

    def _marked(self, batch: Sequence[Tokens], mark: Mark, length: int) -> torch.Tensor:
        """bool[B, T]: tokens that carry `mark`."""
        marked = torch.zeros(len(batch), length, dtype=torch.bool)
        for row, tokens in zip(marked, batch, strict=True):
            row[:len(tokens)] = torch.from_numpy((tokens.marks & mark) != 0)
        return marked.to(self.device)

    def _prediction_columns(self, hidden: torch.Tensor, ids: torch.Tensor,
                            trainable: torch.Tensor) -> dict[str, torch.Tensor]:
        """float32[B, T] columns. The token at position j is predicted at j - 1, so logits are made there and nowhere
        else, a chunk of rows at a time."""
        rows, positions = trainable.nonzero(as_tuple=True)
        before, targets = hidden[rows, positions - 1], ids[rows, positions]
        chunk = max(1, _LOGIT_BYTES // (4 * self.model.get_output_embeddings().weight.shape[0]))
        columns: dict[str, torch.Tensor] = {}
        with _head_alone(self.model) as head:
            for part in torch.arange(len(rows), device=self.device).split(chunk):
                scores = prediction_scores(head(before[part].float()), targets[part])
                for name, values in scores.items():
                    column = columns.setdefault(name, torch.full(trainable.shape, torch.nan, device=self.device))
                    column[rows[part], positions[part]] = values
        if columns and not torch.isfinite(columns["logprob"][trainable]).all():
            raise ModelError(f"The model gave NaN or infinite logits in {self.loaded.dtype}: try --dtype float32, and "
                             "if that does not help, its weights are damaged.")
        return columns


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


class _Given(nn.Module):
    """Stands in for the backbone and returns hidden states that are already known."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: torch.Tensor | None = None

    def forward(self, *_: Any, **__: Any) -> "_HiddenOnly":
        return _HiddenOnly(last_hidden_state=self.hidden)


class _HiddenOnly(BaseModelOutputWithPast):
    """An output of any architecture's backbone, of which only the hidden states are there."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


@contextmanager
def _head_alone(model: Any) -> Iterator[Any]:
    """Gives a function from hidden states [n, D] to logits float32[n, V], computed by the model's own forward with its
    backbone replaced, so that scalings and soft caps of the architecture apply without our knowing them."""
    name, backbone, given = model.base_model_prefix, model.base_model, _Given()
    nothing = torch.zeros(1, 1, dtype=torch.long, device=model.device)

    def head(hidden: torch.Tensor) -> torch.Tensor:
        given.hidden = hidden[None]
        return model(input_ids=nothing, use_cache=False).logits[0].float()

    setattr(model, name, given)
    try:
        yield head
    finally:
        setattr(model, name, backbone)


def _switch_attention(model: Any, hidden: Callable[[torch.Tensor], torch.Tensor],
                      device: torch.device) -> tuple[int, str | None]:
    """Puts our attention into the model and proves on a few tokens that it changes nothing there.

    Returns: the number of layers that report attention, and a sentence on why it is unavailable, or None.
    Raises: ModelError for a model that is not causal.
    """
    ids = torch.arange(_PROBE, device=device)[None] % model.get_input_embeddings().weight.shape[0]
    expected = hidden(ids)
    other_end = torch.cat([ids[:, :-1], ids[:, :1]], dim=1)
    if not _same(expected[:, :-1], hidden(other_end)[:, :-1]):
        raise ModelError(f"{type(model).__name__} is not causal: its earlier tokens see later ones. Choose a "
                         "decoder-only model.")
    usual = model.config._attn_implementation
    model.set_attn_implementation(attention.register())
    collector = attention.Collector(torch.tensor([_PROBE], device=device),
                                    torch.zeros(1, _PROBE, dtype=torch.bool, device=device))
    with attention.listening(collector):
        same = _same(expected, hidden(ids))
    if collector.layers and same:
        return len(collector.layers), None
    model.set_attn_implementation(usual)
    why = "computes attention in a way of its own" if collector.layers else "has no attention weights that can be read"
    return 0, f"{type(model).__name__} {why}: reasoning importance is switched off, the rest works."


def _same(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Equal up to the rounding of the tensors' number format."""
    difference = (left.float() - right.float()).norm() / left.float().norm()
    return bool(difference < max(1e-4, 16 * torch.finfo(left.dtype).eps))


def _per_example(columns: dict[str, torch.Tensor], trainable: torch.Tensor, lengths: Sequence[int]) -> list[Columns]:
    """Cuts padded columns into examples, NaN where not trainable."""
    blank = ~trainable
    arrays = {name: column.masked_fill(blank, torch.nan).cpu().numpy() for name, column in columns.items()}
    return [{name: array[row, :length] for name, array in arrays.items()} for row, length in enumerate(lengths)]
