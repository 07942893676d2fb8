"""The layers of a Llama-like model with backward passes written by hand, for training on a CPU.

The same numbers up to rounding, by fewer operations that read memory, and with less of it kept: what a backward pass
can have again for a few operations on elements (a norm, SiLU and product, a softmax) is not saved. Frozen weights get
no gradient, trained ones do.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

Gradients = tuple[torch.Tensor | None, ...]


class Linear(NamedTuple):
    """y = x Wᵀ + bias + scale (x Aᵀ) Bᵀ; the LoRA part may lack."""

    weight: torch.Tensor  # [out, in]
    bias: torch.Tensor | None = None
    a: torch.Tensor | None = None  # [rank, in]
    b: torch.Tensor | None = None  # [out, rank]
    scale: float = 1.0

    @property
    def tensors(self) -> tuple[torch.Tensor | None, ...]:
        return self[:4]


def product(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """rows [n, in], weight [out, in] → [n, out]. oneDNN is a tenth quicker than the BLAS behind `linear`, on weights as
    they lie."""
    if rows.dtype == torch.float32 and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        made: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
        return made
    return functional.linear(rows, weight, bias)


def _forward(x: torch.Tensor, layer: Linear) -> tuple[torch.Tensor, torch.Tensor | None]:
    """([n, out], the adapter's [n, rank]) of x [n, in]."""
    made = product(x, layer.weight, layer.bias)
    if layer.a is None or layer.b is None:
        return made, None
    low = product(x, layer.a)
    return made.addmm_(low, layer.b.t(), alpha=layer.scale), low


def _backward(grad: torch.Tensor, x: torch.Tensor, low: torch.Tensor | None, layer: Linear, wanted: Sequence[bool],
              into: torch.Tensor | None = None) -> tuple[torch.Tensor | None, Gradients]:
    """Gradients of x (`wanted[0]`; added to `into`) and of the layer's four tensors (`wanted[1:]`)."""
    of_x, of_a, of_b = None, None, None
    if wanted[0]:
        of_x = product(grad, layer.weight.t())
    if low is not None and layer.a is not None and layer.b is not None:
        back = (grad @ layer.b).mul_(layer.scale)
        of_b = (low.t() @ grad).t().mul_(layer.scale) if wanted[4] else None
        of_a = back.t() @ x if wanted[3] else None
        if of_x is not None:
            of_x.addmm_(back, layer.a)
    if of_x is not None and into is not None:
        of_x = into.add_(of_x)
    return of_x, (grad.t() @ x if wanted[1] else None, grad.sum(0) if wanted[2] else None, of_a, of_b)


class _Linears(torch.autograd.Function):
    """Several linear layers of one input, whose gradient is summed in place."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scales: Sequence[float], *tensors: torch.Tensor | None
                ) -> tuple[torch.Tensor, ...]:
        flat = x.reshape(-1, x.shape[-1])
        layers = _layers(tensors, scales)
        made, lows = zip(*(_forward(flat, layer) for layer in layers))
        ctx.scales = scales
        ctx.save_for_backward(x, *tensors, *lows)
        return tuple(each.view(*x.shape[:-1], -1) for each in made)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Gradients:
        count = len(ctx.scales)
        x, *saved = ctx.saved_tensors
        flat, lows = x.reshape(-1, x.shape[-1]), saved[4 * count:]
        of_x: torch.Tensor | None = None
        found: list[torch.Tensor | None] = []
        for number, layer in enumerate(_layers(saved[:4 * count], ctx.scales)):
            wanted = (ctx.needs_input_grad[0], *ctx.needs_input_grad[2 + 4 * number:6 + 4 * number])
            of_x, of_layer = _backward(grads[number].reshape(-1, grads[number].shape[-1]), flat, lows[number], layer,
                                       wanted, of_x)
            found += of_layer
        return None if of_x is None else of_x.view_as(x), None, *found


class _Gated(torch.autograd.Function):
    """The linear layer after silu(gate) · up, which is made again in the backward pass instead of being kept."""

    @staticmethod
    def forward(ctx: Any, gate: torch.Tensor, up: torch.Tensor, scale: float, *tensors: torch.Tensor | None
                ) -> torch.Tensor:
        flat = gate.reshape(-1, gate.shape[-1])
        between = functional.silu(flat).mul_(up.reshape_as(flat))
        made, low = _forward(between, _layers(tensors, (scale,))[0])
        ctx.scale = scale
        ctx.save_for_backward(gate, up, *tensors, low)
        return made.view(*gate.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Gradients:
        gate, up, *tensors, low = ctx.saved_tensors
        active = functional.silu(gate)
        flat = active * up if any(ctx.needs_input_grad[3:]) else active
        between, of_layer = _backward(
            grad.reshape(-1, grad.shape[-1]), flat.view(-1, flat.shape[-1]), low,
            _layers(tensors, (ctx.scale,))[0], (True, *ctx.needs_input_grad[3:]))
        assert between is not None
        between = between.view_as(gate)
        of_up = active.mul_(between)
        of_gate = torch.ops.aten.silu_backward(between.mul_(up), gate)
        return of_gate, of_up, None, *of_layer


class _Norm(torch.autograd.Function):
    """Root mean square norm, of which only the input and a number a row are kept."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        return (x * scale).mul_(weight)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Gradients:
        x, weight, scale = ctx.saved_tensors
        of_weight = (grad * x).mul_(scale).flatten(0, -2).sum(0) if ctx.needs_input_grad[1] else None
        if not ctx.needs_input_grad[0]:
            return None, of_weight, None
        inner = grad * weight
        along = torch.linalg.vecdot(inner, x)[..., None].mul_(scale.square()).div_(-x.shape[-1])
        return inner.addcmul_(x, along).mul_(scale), of_weight, None


def linears(x: torch.Tensor, layers: Sequence[Linear]) -> tuple[torch.Tensor, ...]:
    """x [..., in] → [..., out] of each layer."""
    tensors = [tensor for layer in layers for tensor in layer.tensors]
    made: tuple[torch.Tensor, ...] = _Linears.apply(x, tuple(layer.scale for layer in layers), *tensors)
    return made


def swiglu(x: torch.Tensor, gate: Linear, up: Linear, down: Linear) -> torch.Tensor:
    """down(silu(gate(x)) · up(x))"""
    made: torch.Tensor = _Gated.apply(*linears(x, (gate, up)), down.scale, *down.tensors)
    return made


def rms_norm(x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    """weight · x / sqrt(mean(x²) + epsilon)"""
    made: torch.Tensor = _Norm.apply(x, weight, epsilon)
    return made


def _layers(tensors: Sequence[Any], scales: Sequence[float]) -> list[Linear]:
    return [Linear(weight, bias, a, b, scale) for weight, bias, a, b, scale in zip(
        tensors[::4], tensors[1::4], tensors[2::4], tensors[3::4], scales)]


def linear_of(module: Any) -> Linear | None:
    """What a linear layer, or peft's plain LoRA around one, computes; None for anything else. Dropout before the
    adapter is left to peft."""
    if type(module) is nn.Linear:
        return Linear(module.weight, module.bias)
    base = getattr(module, "base_layer", None)
    if type(base) is not nn.Linear or type(module).__module__ != "peft.tuners.lora.layer":
        return None
    names = list(module.active_adapters)
    if len(names) != 1 or names[0] in module.lora_variant or module.disable_adapters or module.merged:
        return None
    a, b = module.lora_A[names[0]], module.lora_B[names[0]]
    if type(module.lora_dropout[names[0]]) is not nn.Identity or b.bias is not None or a.bias is not None:
        return None
    return Linear(base.weight, base.bias, a.weight, b.weight, float(module.scaling[names[0]]))
