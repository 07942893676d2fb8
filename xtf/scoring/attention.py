"""Reasoning importance: the attention that a token receives from later tokens, reduced layer by layer.

`transformers` routes the attention of every current architecture through a table of functions
(`AttentionInterface`). `received_attention` is such a function: it computes attention block-wise over queries and,
while a `Collector` is listening, adds up the columns of the very weights that it uses, so that no second QKᵀ and no
[layers, heads, T, T] tensor is ever needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "xtf_received"
_BLOCK_WEIGHTS = 1 << 22  # attention weights held at once: 16 MiB in float32, which stays near the cache

_listening: "Collector | None" = None


class Collector:
    """Sums of attention over one batch. B examples of up to T tokens, right-padded to T.

    After the forward pass: `received` float32[L, 2, B, T], column sums over strictly later, real queries of the
    head-averaged weights, raw and times the number of keys visible to the query; `to_prompt` float32[B, T], the share
    of each query's attention on prompt tokens, summed over the L layers; `row_mean` float32[B, T], the first layer's
    weights averaged over keys (published code).
    """

    def __init__(self, lengths: torch.Tensor, prompt: torch.Tensor):
        """lengths int64[B]; prompt bool[B, T], the tokens that count as prompt."""
        self.lengths = lengths
        self.prompt = prompt.float()
        self.real = (torch.arange(prompt.shape[1], device=prompt.device) < lengths[:, None]).float()
        self.layers: list[torch.Tensor] = []
        self.to_prompt = torch.zeros_like(self.prompt)
        self.row_mean = torch.zeros_like(self.prompt)

    @property
    def received(self) -> torch.Tensor:
        return torch.stack(self.layers)

    def start_layer(self) -> None:
        batch, length = self.prompt.shape
        self.layers.append(torch.zeros(2, batch, length, device=self.prompt.device))

    def add(self, weights: torch.Tensor, visible: torch.Tensor, start: int) -> None:
        """One block of queries. weights float32[B, Q, K], averaged over heads; visible [B or 1, Q] keys each query
        sees; the block's first query is at position `start`."""
        stop, keys = start + weights.shape[1], weights.shape[2]
        self.to_prompt[:, start:stop] += (weights @ self.prompt[:, :keys, None])[..., 0]
        if len(self.layers) == 1:
            self.row_mean[:, start:stop] = weights.sum(-1) / self.lengths[:, None]
        weights.diagonal(offset=start, dim1=1, dim2=2).zero_()  # only later queries count
        real = self.real[:, start:stop]
        rows = torch.stack([real, real * visible], dim=1)
        self.layers[-1][:, :, :keys] += (rows @ weights).transpose(0, 1)


@contextmanager
def listening(collector: Collector | None) -> Iterator[None]:
    """Lets `collector` see the attention of all forward passes inside. One at a time in a process."""
    global _listening
    _listening = collector
    try:
        yield
    finally:
        _listening = None


def received_attention(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
                       attention_mask: torch.Tensor | None, scaling: float | None = None,
                       softcap: float | None = None, **_: Any) -> tuple[torch.Tensor, None]:
    """Causal attention with the signature of `AttentionInterface`: query [B, H, T, D], key and value [B, H', T, D].

    Weights are softmaxed in float32. Right for grouped queries, sliding windows (through the mask) and Gemma-2's
    soft cap; whether it is right for an architecture at hand is probed by `xtf.scoring.forward`, not assumed.
    """
    batch, heads, length, width = query.shape
    scaling = width ** -0.5 if scaling is None else scaling
    groups = heads // key.shape[1]
    if collector := _listening:
        collector.start_layer()
    output = query.new_empty(batch, length, heads, value.shape[-1])
    step = max(16, _BLOCK_WEIGHTS // (batch * heads * length))
    for start in range(0, length, step):
        stop = min(start + step, length)
        weights, visible = _weights(query[:, :, start:stop] * scaling, key[:, :, :stop],
                                    _visible(attention_mask, start, stop, query.device), groups, softcap)
        mixed = weights.to(value.dtype).view(batch, heads // groups, -1, stop) @ value[:, :, :stop]
        output[:, start:stop] = mixed.view(batch, heads, stop - start, -1).transpose(1, 2)
        if collector:
            collector.add(weights.mean(1), visible, start)
    return output, None


def _visible(mask: torch.Tensor | None, start: int, stop: int, device: torch.device) -> torch.Tensor:
    """bool[B or 1, 1, stop - start, stop]: which keys the queries start:stop see; None means plainly causal."""
    if mask is None:
        return (torch.arange(stop, device=device) <= torch.arange(start, stop, device=device)[:, None])[None, None]
    block = mask[:, :1, start:stop, :stop]
    return block if block.dtype == torch.bool else block == 0


def _weights(query: torch.Tensor, key: torch.Tensor, visible: torch.Tensor, groups: int,
             softcap: float | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmaxed weights float32[B, H, Q, K] and the number of keys float32[B or 1, Q] that each query sees."""
    batch, heads, queries, width = query.shape
    scores = query.reshape(batch, heads // groups, groups * queries, width) @ key.transpose(2, 3)
    scores = scores.view(batch, heads, queries, -1).float()
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    weights = scores.masked_fill_(~visible, -torch.inf).softmax(-1)
    return weights, visible[:, 0].sum(-1).float()


def register() -> str:
    """Makes the function known to `transformers` under `NAME`, with the masks of SDPA, and returns that name."""
    ALL_ATTENTION_FUNCTIONS.register(NAME, received_attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
    return NAME


def per_token(collector: Collector, groups: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """Columns float32[B, T] from a finished collector. `groups` names lists of layers. The last real token has no
    later query: NaN. METHOD: received(j) = mean over layers, heads and later queries i > j of A[h, i, j]."""
    length = collector.prompt.shape[1]
    later = collector.lengths[:, None] - 1 - torch.arange(length, device=collector.prompt.device)
    later = torch.where(later > 0, later.float(), torch.nan)
    received = collector.received
    columns = {}
    for group, layers in groups.items():
        raw, adjusted = received[layers].mean(0) / later
        columns[f"received_{group}"], columns[f"received_{group}_adjusted"] = raw, adjusted
    columns["prompt_attention"] = collector.to_prompt / len(collector.layers)
    columns["row_mean"] = collector.row_mean
    return columns
