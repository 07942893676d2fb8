"""From hidden states to logits, some rows at a time.

Logits are float32 whatever the model's number format: a bfloat16 logit near 20 moves in steps of 0.125, too coarse for
p > 0.95. On a CPU, where float32 costs twice as much, only those that decide are: the token that came and the greatest.
"""

import copy
import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers.modeling_outputs import BaseModelOutputWithPast

from xtf.errors import ModelError
from xtf.scoring import kernels
from xtf.scoring.close import same
from xtf.scoring.novelty import greatest, prediction_scores

_TILE = 1 << 11  # vocabulary entries whose weights stay in the cache of a CPU while they meet all rows
_LOGITS = {"cpu": 1 << 23}  # logits at once: 32 MiB
_LOGITS_ELSEWHERE = 1 << 27


class Head:
    """The head of a causal language model, without its backbone."""

    def __init__(self, model: Any):
        layer = model.get_output_embeddings()
        self._layer = layer
        self._size, device = len(layer.weight), layer.weight.device.type
        self._rows = max(1, _LOGITS.get(device, _LOGITS_ELSEWHERE) // self._size)
        self._finish = _finishing(model, layer)
        tile = _TILE if device == "cpu" else self._size
        self._tiles = [(first, _product(layer, first, first + tile)) for first in range(0, self._size, tile)]
        self._check(layer.weight, logits_by(model))

    @torch.inference_mode()
    def scores(self, hidden: torch.Tensor, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
        """`prediction_scores` float32[n] of the tokens int64[n] that came after hidden states [n, D]."""
        parts = [prediction_scores(self.logits(rows, came), came)
                 for rows, came in zip(hidden.split(self._rows), tokens.split(self._rows), strict=True)]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]} if len(hidden) else {}

    def logits(self, hidden: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """float32[n, V] after hidden states [n, D]; exact for `tokens` int64[n] and the 20 greatest of each row."""
        products = torch.empty(len(hidden), self._size, device=hidden.device)
        for first, product in self._tiles:
            tile = product(hidden)
            products[:, first:first + tile.shape[1]] = tile
        if tile.dtype != torch.float32:
            self._sharpen(products, hidden, tokens)
        return self._finish(products)

    def _sharpen(self, products: torch.Tensor, hidden: torch.Tensor, tokens: torch.Tensor) -> None:
        """Multiplies again in float32 what the columns hang on. The rounding of all others, thousands of small terms
        of a sum, averages out."""
        chosen = torch.cat([tokens[:, None], greatest(products)], dim=1)
        exact = torch.bmm(self._layer.weight[chosen].float(), hidden.float()[:, :, None])[:, :, 0]
        if self._layer.bias is not None:
            exact += self._layer.bias[chosen]
        products.scatter_(1, chosen, exact)

    def _check(self, weight: torch.Tensor, whole: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Raises: ModelError if the model makes its logits in another way."""
        tokens = torch.arange(4, device=weight.device)
        hidden = weight[tokens] / weight[tokens].float().norm(dim=-1, keepdim=True).clamp_min(1e-6).to(weight.dtype)
        expected = whole(hidden)
        if expected.isfinite().all() and not same(expected, self.logits(hidden, tokens)):  # NaN is told with the scores
            raise ModelError("The model's head does more than multiply, scale and cap, which XTF cannot read.")


def _product(layer: nn.Linear, first: int, last: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """A function from hidden states [n, D] to products with a part of the head's weight: float32, or the model's number
    format where that is so much faster that exact ones are worth making afterwards."""
    weight = layer.weight[first:last].detach()
    bias = None if layer.bias is None else layer.bias[first:last].detach()
    if kernels.can_pack(weight):
        return kernels.Packed(weight, bias)
    if weight.device.type == "cuda" and weight.dtype != torch.float32:
        wide = torch.zeros((), device=weight.device) if bias is None else bias.float()
        return lambda hidden: torch.mm(hidden, weight.t(), out_dtype=torch.float32) + wide
    weight, bias = weight.float(), None if bias is None else bias.float()
    return lambda hidden: nn.functional.linear(hidden.float(), weight, bias)


class _Given(nn.Module):
    """Stands in for the backbone or the head and returns what is already known."""

    def __init__(self, wrap: Callable[[torch.Tensor], Any], weight: torch.Tensor | None = None):
        super().__init__()
        self.wrap = wrap
        self.weight = weight  # some architectures look at the number format of their head's
        self.of_thread = threading.local()

    def forward(self, *_: Any, **__: Any) -> Any:
        return self.wrap(self.of_thread.known)


class _HiddenOnly(BaseModelOutputWithPast):
    """An output of any architecture's backbone, of which only the hidden states are there."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _around(model: Any, stand_ins: dict[str, nn.Module]) -> Callable[[], torch.Tensor]:
    """The model's own forward with some of its parts replaced; the model itself stays as it is."""
    around = copy.copy(model)
    around._modules = model._modules | stand_ins
    nothing = torch.zeros(1, 1, dtype=torch.long, device=model.device)
    return lambda: around(input_ids=nothing, use_cache=False).logits[0]


def logits_by(model: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    """A function from hidden states [n, D] to the model's own logits [n, V]."""
    backbone = _Given(lambda hidden: _HiddenOnly(last_hidden_state=hidden))
    forward = _around(model, {model.base_model_prefix: backbone})

    def logits(hidden: torch.Tensor) -> torch.Tensor:
        backbone.of_thread.known = hidden[None]
        return forward()

    return logits


def _finishing(model: Any, layer: nn.Linear) -> Callable[[torch.Tensor], torch.Tensor]:
    """What the architecture does to the head's products [n, v], such as scaling or capping, by its own forward with
    backbone and head replaced; nothing where that changes nothing."""
    name = next((name for name, child in model.named_children() if child is layer), None)
    if name is None:
        raise ModelError(f"{type(model).__name__} keeps its head where XTF cannot find it.")
    backbone = _Given(lambda hidden: _HiddenOnly(last_hidden_state=hidden))
    head = _Given(lambda products: products, layer.weight)
    hidden = layer.weight.new_zeros(1, 1, layer.weight.shape[1])  # looked at by nobody
    forward = _around(model, {model.base_model_prefix: backbone, name: head})

    def finish(products: torch.Tensor) -> torch.Tensor:
        backbone.of_thread.known = hidden
        head.of_thread.known = products[None]
        return forward()

    probe = torch.linspace(-50, 50, 101, device=layer.weight.device)[None]
    return (lambda products: products) if torch.equal(finish(probe), probe) else finish
