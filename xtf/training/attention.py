"""Causal attention of examples that lie behind one another in one row, each seeing itself and what all begin with.

Weights of a block of queries are made in the forward pass and again in the backward pass; only queries, keys, values
and the result are kept.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

_BLOCK = 128  # queries whose weights are made at once: the later keys that they do not see are skipped


class Pieces(NamedTuple):
    """Where examples lie along a row: each sees itself and the first `shared` places."""

    shared: int
    bounds: tuple[tuple[int, int], ...]  # first and last + 1; with the shared places, they fill the row

    @property
    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """(start of the example, first query, last query + 1) of each block, the shared places' own included."""
        for start, stop in ((0, self.shared), *self.bounds):
            for first in range(start, stop, _BLOCK):
                yield start, first, min(stop, first + _BLOCK)


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor,
           scaling: float, pieces: Pieces) -> torch.Tensor:
    """query [S, H, D], key and value [S, J, D] before the rotary embedding cos, sin [S, D] → [S, H, D]. Each of the J
    heads of keys serves H / J heads of queries."""
    made: torch.Tensor = _Attention.apply(query, key, value, cos[:, None], sin[:, None], scaling, pieces)
    return made


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, cos: torch.Tensor,
                sin: torch.Tensor, scaling: float, pieces: Pieces) -> torch.Tensor:
        query, key = _rotated(query, cos, sin).mul_(scaling), _rotated(key, cos, sin)
        made = torch.empty_like(query)
        for block in pieces.blocks:
            of_block = _Block(query, key, value, pieces.shared, block)
            made[of_block.here] = of_block.back(torch.bmm(of_block.weights(), of_block.values))
        ctx.save_for_backward(query, key, value, made, cos, sin)
        ctx.scaling, ctx.pieces = scaling, pieces
        return made

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, made, cos, sin = ctx.saved_tensors
        of_query, of_key, of_value = torch.empty_like(query), torch.zeros_like(key), torch.zeros_like(value)
        outer = torch.linalg.vecdot(grad, made)[..., None].neg_()  # the part of a softmax's gradient that all share
        for block in ctx.pieces.blocks:
            here = _Block(query, key, value, ctx.pieces.shared, block)
            weights, came = here.weights(), here.heads(grad)
            here.add(of_value, torch.bmm(weights.transpose(1, 2), came))
            inner = torch.baddbmm(here.heads(outer), came, here.values.transpose(1, 2)).mul_(weights)
            here.add(of_key, torch.bmm(inner.transpose(1, 2), here.queries))
            of_query[here.here] = here.back(torch.bmm(inner, here.keys))
        return (_rotated(of_query.mul_(ctx.scaling), cos, sin, back=True), _rotated(of_key, cos, sin, back=True),
                of_value, None, None, None, None)


class _Block:
    """Some queries of one example, and what they see, heads of queries grouped by the head of keys that serves them:
    queries [J, H / J · n, D], keys and values [J, m, D]."""

    def __init__(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, shared: int,
                 block: tuple[int, int, int]):
        start, first, last = block
        self.here, self._own = slice(first, last), slice(start, last)
        self._shared, self._heads = (shared if start else 0), key.shape[1]
        self.queries = self.heads(query)
        self.keys, self.values = self._seen(key), self._seen(value)

    def _seen(self, whole: torch.Tensor) -> torch.Tensor:
        own = whole[self._own].transpose(0, 1)
        return torch.cat([whole[:self._shared].transpose(0, 1), own], dim=1) if self._shared else own

    def add(self, whole: torch.Tensor, part: torch.Tensor) -> None:
        """Adds [J, m, D] to the places [S, J, D] that are seen."""
        part = part.transpose(0, 1)
        whole[:self._shared] += part[:self._shared]
        whole[self._own] += part[self._shared:]

    def heads(self, whole: torch.Tensor) -> torch.Tensor:
        """[S, H, x] → the block's [J, H / J · n, x]."""
        return whole[self.here].unflatten(1, (self._heads, -1)).permute(1, 2, 0, 3).flatten(1, 2)

    def back(self, part: torch.Tensor) -> torch.Tensor:
        """[J, H / J · n, D] → [n, H, D]."""
        return part.unflatten(1, (-1, self.here.stop - self.here.start)).permute(2, 0, 1, 3).flatten(1, 2)

    def weights(self) -> torch.Tensor:
        """[J, H / J · n, m]"""
        count = self.here.stop - self.here.start
        weights = torch.bmm(self.queries, self.keys.transpose(1, 2))
        later = torch.full((count, count), -torch.inf).triu_(1)
        weights.unflatten(1, (-1, count))[..., -count:].add_(later)
        return torch.softmax(weights, -1)


def _rotated(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, back: bool = False) -> torch.Tensor:
    """x [S, H, D] turned by the rotary embedding cos, sin [S, 1, D], or its gradient turned back."""
    half = x.shape[-1] // 2
    made = x * cos
    if back:
        made[..., :half].addcmul_(x[..., half:], sin[..., half:])
        made[..., half:].addcmul_(x[..., :half], sin[..., :half], value=-1)
    else:
        made[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
        made[..., half:].addcmul_(x[..., :half], sin[..., half:])
    return made
