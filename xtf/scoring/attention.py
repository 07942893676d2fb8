"""Reasoning importance: the attention that a token receives from later tokens, reduced layer by layer.

`transformers` routes the attention of every current architecture through a table of functions
(`AttentionInterface`). `received_attention` is such a function: it computes attention block-wise over queries and,
while a `Collector` is listening, adds up the columns of the very weights that it uses, so that no second QKᵀ and no
[layers, heads, T, T] tensor is ever needed.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from xtf.scoring.layout import Layout, Piece

NAME = "xtf_received"
_BLOCK_WEIGHTS = 1 << 22  # attention weights held at once: 16 MiB in float32, which stays near the cache
_KEPT_BIASES = 1 << 22  # numbers that a kept mask of one piece may have


class _Listening(threading.local):
    collector: "Collector | None" = None


_listening = _Listening()


class Collector:
    """Sums of attention over one forward pass of a layout [R, S]; they stand where they are asked for, at response
    tokens, and are zero elsewhere.

    `received` float32[L, 2, R, S]: column sums over strictly later, real queries of the head-averaged weights, raw and
    times the number of keys visible to the query. `to_prompt` float32[R, S]: the share of each query's attention on
    prompt tokens, summed over the L layers. `row_mean` float32[R, S]: the first layer's weights averaged over keys
    (published code).
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        self.prompt = layout.prompt.float()
        self.real = (layout.positions < layout.lengths).float()
        self.layers: list[torch.Tensor] = []
        self.to_prompt = torch.zeros_like(self.prompt)
        self.row_mean = torch.zeros_like(self.prompt)
        self.masks: dict[Any, tuple[torch.Tensor, torch.Tensor]] = {}  # by piece and block, for all layers alike

    @property
    def received(self) -> torch.Tensor:
        return torch.stack(self.layers)

    def start_layer(self) -> None:
        self.layers.append(torch.zeros(2, *self.prompt.shape, device=self.prompt.device))

    def add(self, weights: torch.Tensor, visible: torch.Tensor, piece: Piece, start: int) -> None:
        """One block of queries of a piece, the first at its place `start`. weights [B, H, Q, K], K the shared keys and
        the piece's own up to the block's end; visible float32[Q], the keys that each query sees."""
        skipped = max(0, piece.first - start)
        if skipped >= weights.shape[2]:
            return
        start, visible = start + skipped, visible[skipped:]
        mean = weights[:, :, skipped:].sum(1, dtype=torch.float32) / weights.shape[1]
        first, stop = piece.places.start, piece.places.start + start + mean.shape[1]
        here = piece.rows, slice(first + start, stop)
        prompt = torch.cat([self.prompt[piece.rows, :piece.shared], self.prompt[piece.rows, first:stop]], dim=1)
        self.to_prompt[here] += (mean @ prompt[:, :, None])[..., 0]
        if len(self.layers) == 1:
            self.row_mean[here] = mean.sum(-1) / self.layout.lengths[here]
        own = mean[:, :, piece.shared + piece.first:]
        own.diagonal(offset=start - piece.first, dim1=1, dim2=2).zero_()  # only later queries count
        real = self.real[here]
        rows = torch.stack([real, real * visible], dim=1)
        self.layers[-1][:, piece.rows, first + piece.first:stop] += (rows @ own).transpose(0, 1)


@contextmanager
def listening(collector: Collector | None) -> Iterator[None]:
    """Lets `collector` see the attention of all forward passes inside. One at a time in a thread."""
    _listening.collector = collector
    try:
        yield
    finally:
        _listening.collector = None


def received_attention(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
                       attention_mask: torch.Tensor | None, scaling: float | None = None,
                       softcap: float | None = None, **_: Any) -> tuple[torch.Tensor, None]:
    """Causal attention with the signature of `AttentionInterface`: query [R, H, S, D], key and value [R, H', S, D].

    Right for grouped queries, sliding windows (through the mask) and Gemma-2's soft cap; whether it is right for an
    architecture at hand is probed by `xtf.scoring.probe`, not assumed.
    """
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    output = query.new_empty(query.shape[0], query.shape[2], query.shape[1], value.shape[-1])
    collector = _listening.collector
    if collector:
        collector.start_layer()
    pieces = collector.layout.pieces if collector else (
        Piece(slice(0, query.shape[0]), slice(0, query.shape[2]), 0, query.shape[2]),)
    for piece in pieces:
        _attend(query, key, value, attention_mask, scaling, softcap, output, piece, collector)
    return output, None


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scaling: float,
            softcap: float | None, output: torch.Tensor, piece: Piece, collector: Collector | None) -> None:
    """The attention of one piece into its part of `output` [R, S, H, D], a block of queries at a time."""
    rows, places, shared = piece.rows, piece.places, piece.shared
    keys, values = (_with_shared(states[rows], places, shared) for states in (key, value))
    queries, length = query[rows, :, places], places.stop - places.start
    step = max(16, _BLOCK_WEIGHTS // (queries.shape[0] * queries.shape[1] * keys.shape[2]))
    for start in range(0, length, step):
        stop = min(start + step, length)
        bias, visible = _masking(mask, piece, start, stop, queries, collector)
        weights = _weights(queries[:, :, start:stop], keys[:, :, :shared + stop], bias, scaling, softcap)
        mixed = weights @ values[:, :, :shared + stop]
        weights = weights.view(*queries.shape[:2], stop - start, -1)
        output[rows, places.start + start:places.start + stop] = mixed.view(*weights.shape[:3], -1).transpose(1, 2)
        if collector:
            collector.add(weights, visible, piece, start)


def _with_shared(states: torch.Tensor, places: slice, shared: int) -> torch.Tensor:
    """[B, H', shared + T, D]: a piece's keys or values behind the shared ones."""
    own = states[:, :, places]
    return torch.cat([states[:, :, :shared], own], dim=2) if shared else own


def _weights(query: torch.Tensor, key: torch.Tensor, bias: torch.Tensor, scaling: float,
             softcap: float | None) -> torch.Tensor:
    """Softmaxed weights [B, H', G·Q, K] of H = H'·G heads; bias [G·Q, K] is -inf where a key is not seen."""
    batch, heads, queries, width = query.shape
    groups = heads // key.shape[1]
    grouped = query.reshape(batch * key.shape[1], groups * queries, width)
    keys = key.reshape(batch * key.shape[1], -1, width).transpose(1, 2)
    bias = bias.repeat(groups, 1)
    if softcap is None:
        scores = torch.baddbmm(bias.expand(len(keys), -1, -1), grouped, keys, alpha=scaling)
    else:
        scores = softcap * torch.tanh(grouped @ keys * (scaling / softcap)) + bias
    return scores.softmax(-1).view(batch, key.shape[1], groups * queries, -1)


def _masking(mask: torch.Tensor | None, piece: Piece, start: int, stop: int, like: torch.Tensor,
             collector: Collector | None) -> tuple[torch.Tensor, torch.Tensor]:
    """For the queries start:stop of a piece: bias [Q, K], -inf where a key is not seen, and the number float32[Q] of
    keys that each sees. Kept for the other layers while it is small."""
    name = None if mask is None else mask.data_ptr(), piece.places.start, start
    if collector and name in collector.masks:
        return collector.masks[name]
    first, end = piece.shared + start, piece.shared + stop
    if mask is None:
        visible = torch.arange(end, device=like.device) <= torch.arange(first, end, device=like.device)[:, None]
    else:
        visible = mask[0, 0, first:end, :end]
        visible = visible if visible.dtype == torch.bool else visible == 0
    bias = like.new_zeros(visible.shape).masked_fill_(~visible, -torch.inf)
    made = bias, visible.sum(-1).float()
    if collector and bias.numel() <= _KEPT_BIASES:
        collector.masks[name] = made
    return made


def _piece_mask(*, q_length: int, kv_length: int, attention_mask: torch.Tensor | None = None,
                **options: Any) -> torch.Tensor | None:
    """The mask of an architecture (causal, sliding, chunked …) for the longest piece alone: bool[1, 1, T, T], of which
    shorter pieces take the upper left corner. None means plainly causal."""
    collector = _listening.collector
    longest = collector.layout.longest if collector else q_length
    return sdpa_mask(**options | {"batch_size": 1}, q_length=longest, kv_length=longest)


def register() -> str:
    """Makes the function known to `transformers` under `NAME`, and returns that name."""
    ALL_ATTENTION_FUNCTIONS.register(NAME, received_attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, _piece_mask)
    return NAME


def per_token(collector: Collector, groups: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """Columns float32[R, S] from a finished collector. `groups` names lists of layers. The last real token has no
    later query: NaN. METHOD: received(j) = mean over layers, heads and later queries i > j of A[h, i, j]."""
    later = collector.layout.later
    later = torch.where(later > 0, later, torch.nan)
    received = collector.received
    columns = {}
    for group, layers in groups.items():
        raw, adjusted = received[layers].mean(0) / later
        columns[f"received_{group}"], columns[f"received_{group}_adjusted"] = raw, adjusted
    columns["prompt_attention"] = collector.to_prompt / len(collector.layers)
    columns["row_mean"] = collector.row_mean
    return columns
