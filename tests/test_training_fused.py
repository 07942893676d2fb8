"""Layers with backward passes by hand, against the same layers by autograd, in float64."""

import torch
from torch.nn import functional

from xtf.training.attention import Pieces, attend
from xtf.training.fused import Linear, rms_norm, swiglu


def same_gradients(ours: torch.Tensor, plain: torch.Tensor, leaves: list[torch.Tensor]) -> None:
    weights = torch.linspace(0, 9, ours.numel(), dtype=torch.float64).sin().view_as(ours)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(torch.autograd.grad((ours * weights).sum(), leaves),
                               torch.autograd.grad((plain * weights).sum(), leaves))


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def test_norm_and_gated_layers_with_adapters_and_trained_weights():
    torch.manual_seed(0)
    x, weight = drawn(2, 5, 8), drawn(8)
    layers = [Linear(drawn(out, into), drawn(out), drawn(3, into), drawn(out, 3), 0.5)
              for out, into in ((12, 8), (12, 8), (8, 12))]

    def plain(x: torch.Tensor, layer: Linear) -> torch.Tensor:
        adapter = functional.linear(functional.linear(x, layer.a), layer.b) * layer.scale
        return functional.linear(x, layer.weight, layer.bias) + adapter

    normed = weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5))
    gate, up, down = layers
    expected = plain(functional.silu(plain(normed, gate)) * plain(normed, up), down)
    same_gradients(swiglu(rms_norm(x, weight, 1e-5), gate, up, down), expected,
                   [x, weight, *(tensor for layer in layers for tensor in layer.tensors)])


def test_attention_of_examples_in_one_row_that_share_their_start():
    """Two examples of 10 + 140 and 10 + 7 tokens (more than a block), four heads on two; each by itself for comparison.
    """
    torch.manual_seed(0)
    pieces, size = Pieces(10, ((10, 150), (150, 157))), 8
    query, key, value = drawn(157, 4, size), drawn(157, 2, size), drawn(157, 2, size)
    positions = torch.cat([torch.arange(150), torch.arange(10, 17)])[:, None] / 10 ** torch.linspace(0, 2, size // 2)
    cos, sin = (torch.cat([wave, wave], -1).double() for wave in (positions.cos(), positions.sin()))

    def turned(x: torch.Tensor) -> torch.Tensor:
        return x * cos[:, None] + torch.cat([-x[..., size // 2:], x[..., :size // 2]], -1) * sin[:, None]

    def alone(places: torch.Tensor) -> torch.Tensor:
        heads = [each[places].transpose(0, 1)[None] for each in (turned(query), turned(key), value)]
        return functional.scaled_dot_product_attention(*heads, is_causal=True, scale=0.3, enable_gqa=True)[0].transpose(
            0, 1)

    second = alone(torch.cat([torch.arange(10), torch.arange(150, 157)]))
    expected = torch.cat([alone(torch.arange(150)), second[10:]])
    same_gradients(attend(query, key, value, cos, sin, 0.3, pieces), expected, [query, key, value])
