"""A model whose layers train faster on a CPU: blocks of known shape get the forward passes of `xtf.training.fused`.

What is put in is tried on a few tokens and kept only if hidden states and gradients stay what they were; what an
architecture does in another way keeps its own code.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from xtf.scoring import kernels
from xtf.scoring.close import same
from xtf.training import fused
from xtf.training.attention import attend
from xtf.training.rows import Row, one_row, padded

_PROBE = 8  # tokens


def quicken(backbone: Any) -> bool:
    """Changes a backbone on a CPU in place. Whether it then takes `one_row` of examples as well as padded ones."""
    weight = backbone.get_input_embeddings().weight
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return False
    kernels.keep_freed_memory()
    rows = _examples(len(weight))
    training, expected = backbone.training, None
    backbone.eval()
    try:
        expected = [_tried(backbone, [each], padded) for each in rows]
        changed = list(_changed(backbone))
        if not _agrees(backbone, rows, padded, expected):
            _restore(changed)
            return False
        return _attends(backbone) and _agrees(backbone, rows, one_row, expected)
    finally:
        backbone.train(training)


def _changed(backbone: nn.Module) -> Iterator[nn.Module]:
    for module in backbone.modules():
        for known, forward in ((_is_norm, _norm), (_is_swiglu, _swiglu), (_is_attention, _attention),
                               (_has_adapter, _linear)):
            if known(module):
                module.forward = functools.partial(forward, module, module.forward)
                yield module


def _restore(changed: Sequence[nn.Module]) -> None:
    for module in changed:
        del module.forward


def _attends(backbone: nn.Module) -> bool:
    """Whether all attention is ours: what keeps its own would let examples in one row see each other."""
    ours = [module for module in backbone.modules() if _is_attention(module)]
    return len(ours) == backbone.config.get_text_config().num_hidden_layers  # type: ignore[union-attr, operator]


def _names(module: nn.Module) -> set[str]:
    return {name for name, _ in module.named_children()}


def _is_norm(module: nn.Module) -> bool:
    if not type(module).__name__.endswith("RMSNorm") or not hasattr(module, "variance_epsilon"):
        return False
    if [name for name, _ in module.named_parameters()] != ["weight"] or module.weight.dtype != torch.float32:
        return False
    weight: Any = module.weight
    probe = torch.linspace(-2, 3, 2 * len(weight), device=weight.device).view(2, -1)
    return same(module(probe), fused.rms_norm(probe, weight, float(module.variance_epsilon)))  # type: ignore[arg-type]


def _norm(module: Any, usual: Callable[..., Any], hidden: torch.Tensor) -> torch.Tensor:
    return fused.rms_norm(hidden, module.weight, module.variance_epsilon)


def _is_swiglu(module: nn.Module) -> bool:
    return _names(module) == {"gate_proj", "up_proj", "down_proj", "act_fn"} and type(
        module.act_fn).__name__ in ("SiLU", "SiLUActivation")


def _swiglu(module: Any, usual: Callable[..., Any], hidden: torch.Tensor) -> Any:
    layers = [fused.linear_of(part) for part in (module.gate_proj, module.up_proj, module.down_proj)]
    return usual(hidden) if None in layers else fused.swiglu(hidden, *layers)  # type: ignore[arg-type]


def _is_attention(module: nn.Module) -> bool:
    return (_names(module) == {"q_proj", "k_proj", "v_proj", "o_proj"} and hasattr(module, "head_dim")
            and hasattr(module, "scaling") and not getattr(module, "attention_dropout", 0)
            and getattr(module, "sliding_window", None) is None and getattr(module, "is_causal", False) is True)


def _attention(module: Any, usual: Callable[..., Any], hidden_states: torch.Tensor,
               position_embeddings: tuple[torch.Tensor, torch.Tensor] | None = None, pieces: Any = None, **more: Any
               ) -> Any:
    """As the architecture does it, where examples lie in rows of their own."""
    if pieces is None or position_embeddings is None:
        return usual(hidden_states=hidden_states, position_embeddings=position_embeddings, **more)
    query, key, value = (each[0].unflatten(-1, (-1, module.head_dim)) for each in _projected(
        hidden_states, (module.q_proj, module.k_proj, module.v_proj)))
    cos, sin = (each[0] for each in position_embeddings)
    made = attend(query, key, value, cos, sin, module.scaling, pieces).flatten(1)[None]
    return _projected(made, (module.o_proj,))[0], None


def _projected(hidden: torch.Tensor, modules: Sequence[nn.Module]) -> tuple[torch.Tensor, ...]:
    layers = [fused.linear_of(module) for module in modules]
    known = [layer for layer in layers if layer is not None]
    return fused.linears(hidden, known) if len(known) == len(modules) else tuple(module(hidden) for module in modules)


def _has_adapter(module: nn.Module) -> bool:
    return type(module) is not nn.Linear and fused.linear_of(module) is not None


def _linear(module: Any, usual: Callable[..., Any], hidden: torch.Tensor, *more: Any, **named: Any) -> Any:
    layer = fused.linear_of(module)
    return usual(hidden, *more, **named) if layer is None else fused.linears(hidden, (layer,))[0]


def _examples(vocabulary: int) -> list[Row]:
    """Three examples of different lengths that begin alike; their ids are spread over the vocabulary."""
    spread = (np.arange(3 * _PROBE) * 0.618 % 1 * vocabulary).astype(np.int32)
    ids = [np.concatenate([spread[:3], spread[first:first + length]]) for first, length in ((3, 5), (8, 8), (16, 2))]
    return [Row(each, np.arange(3, len(each)), np.zeros(len(each) - 3, np.int32)) for each in ids]


def _tried(backbone: Any, rows: Sequence[Row], layout: Callable[..., dict[str, Any]]
           ) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Hidden states [K, D] at the judged places, and the gradients of what is trained under a sum that tells apart."""
    given = layout(rows, torch.device("cpu"))
    kept, _ = given.pop("kept"), given.pop("targets")
    hidden = backbone(**given, use_cache=False).last_hidden_state.flatten(0, 1)[kept]
    trained = [parameter for parameter in backbone.parameters() if parameter.requires_grad]
    wave = torch.linspace(0, 9, hidden.shape[1]).sin()
    found = torch.autograd.grad((hidden * wave).sum(), trained, allow_unused=True) if trained else ()
    return hidden.detach(), [torch.zeros_like(parameter) if each is None else each
                             for parameter, each in zip(trained, found)]


def _agrees(backbone: Any, rows: Sequence[Row], layout: Callable[..., dict[str, Any]],
            expected: Sequence[tuple[torch.Tensor, list[torch.Tensor]]]) -> bool:
    """Whether a batch of the rows gives the hidden states and gradients that they gave alone."""
    try:
        hidden, gradients = _tried(backbone, rows, layout)
    except (AttributeError, AssertionError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False  # an architecture without position_ids, say
    sums = [torch.stack(parts).sum(0) for parts in zip(*(found for _, found in expected))]
    return same(torch.cat([states for states, _ in expected]), hidden) and all(
        same(before, after) for before, after in zip(sums, gradients) if before.any())
