"""Faster kernels for the layers of a model on a CPU: the same numbers up to rounding, in fewer and better operations.

oneDNN multiplies with weights that are laid out for it once, instead of at each call, and does SiLU and products on the
way. `xtf.scoring.probe` proves on each model that its hidden states stay what they were.
"""

import ctypes
import functools
import sys
from typing import Any

import torch
from torch import nn

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt


@functools.cache
def keep_freed_memory() -> None:
    """Lets glibc keep freed blocks for the next layer's tensors. By default it gives each back to the kernel, which
    then fills the same pages with zeros again: a tenth of the time of a forward pass."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


class Packed(nn.Module):
    """A linear layer [in] → [out] whose weight lies as oneDNN wants it."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None):
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), None)
        self.bias = None if bias is None else bias.detach()

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self._then("none", hidden)

    def linear(self) -> nn.Linear:
        """The layer as it was."""
        weight = self.weight.to_dense()
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=self.bias is not None, device="meta")
        state = {"weight": weight} | ({} if self.bias is None else {"bias": self.bias})
        layer.load_state_dict(state, assign=True)
        return layer.requires_grad_(False)

    def silu(self, hidden: torch.Tensor) -> torch.Tensor:
        return self._then("swish", hidden)

    def times(self, hidden: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        product: torch.Tensor = torch.ops.mkldnn._linear_pointwise.binary(hidden, other, self.weight, self.bias, "mul")
        return product

    def _then(self, activation: str, hidden: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = torch.ops.mkldnn._linear_pointwise(hidden, self.weight, self.bias, activation, [], "")
        return made


class SwiGLU(nn.Module):
    """down(silu(gate(x)) · up(x)), the feed-forward block of Llama and its kin."""

    def __init__(self, gate: Packed, up: Packed, down: Packed):
        super().__init__()
        self.gate, self.up, self.down = gate, up, down

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        down: torch.Tensor = self.down(self.up.times(hidden, self.gate.silu(hidden)))
        return down


def can_pack(weight: torch.Tensor) -> bool:
    """Whether oneDNN can take the weight in."""
    return (weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.bfloat16)
            and torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
            and (weight.dtype == torch.float32 or torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def pack(model: nn.Module) -> None:
    """Replaces the linear layers of a model by packed ones, in place and one at a time, so that the weights are never
    in memory twice."""
    for name in [name for name, module in model.named_modules() if type(module) is nn.Linear]:
        layer: Any = model.get_submodule(name)
        if can_pack(layer.weight):
            _put(model, name, Packed(layer.weight, layer.bias))


def unpack(model: nn.Module) -> None:
    """Takes `pack` back, for a model whose own code wants to see the weights."""
    for name in [name for name, module in model.named_modules() if isinstance(module, Packed)]:
        packed: Any = model.get_submodule(name)
        _put(model, name, packed.linear())


def fuse(model: nn.Module) -> None:
    """Replaces SwiGLU blocks of packed layers by fused ones, in place."""
    for name, module in list(model.named_modules()):
        if _is_swiglu(module):
            _put(model, name, SwiGLU(module.gate_proj, module.up_proj, module.down_proj))


def _is_swiglu(module: nn.Module) -> bool:
    parts = dict(module.named_children())
    activation = parts.get("act_fn")
    return (all(isinstance(parts.get(name), Packed) for name in ("gate_proj", "up_proj", "down_proj"))
            and len(parts) == 4 and type(activation).__name__ in ("SiLU", "SiLUActivation"))


def _put(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)
