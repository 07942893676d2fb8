"""The speed that a machine allows: what it multiplies in a second, over what a token takes."""

import time
from typing import Any

import numpy as np
import torch
from torch import nn

from xtf import models
from xtf.config import ScoreSettings
from xtf.scoring import kernels

_ROWS, _TURNS = 2048, 30


def flops(model: Any, lengths: np.ndarray, trainable: int, types: int) -> float:
    """Operations that scoring examples of these lengths needs: every weight matrix of the backbone for each token
    and once for each of so many token types alone, causal attention, and the head for `trainable` tokens. A product and
    a sum count as two."""
    backbone, head = model.base_model, model.get_output_embeddings()
    embedded = {id(parameter) for module in backbone.modules() if isinstance(module, nn.Embedding)
                for parameter in module.parameters()}
    weights = sum(parameter.numel() for parameter in backbone.parameters()
                  if parameter.dim() == 2 and id(parameter) not in embedded)
    config = model.config.get_text_config()
    width = config.num_attention_heads * (getattr(config, "head_dim", None)
                                          or config.hidden_size // config.num_attention_heads)
    attention = config.num_hidden_layers * 4 * width * float((lengths * (lengths + 1) / 2).sum())
    return 2.0 * weights * float(lengths.sum() + types) + attention + 2.0 * head.weight.numel() * trainable


def matmul_speed(settings: ScoreSettings) -> float:
    """Operations a second of the larger matrix product of the model's layers, the best of many turns and of the kernels
    at hand."""
    config = models.load_config(settings).get_text_config()
    width = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    device, dtype = models.pick_device(settings.device), getattr(torch, settings.dtype)
    hidden = torch.randn(_ROWS, config.hidden_size, device=device, dtype=dtype)
    weight = torch.randn(width, config.hidden_size, device=device, dtype=dtype)
    ways = [lambda: nn.functional.linear(hidden, weight)]
    if kernels.can_pack(weight):
        packed = kernels.Packed(weight)
        ways.append(lambda: packed(hidden))
    with torch.inference_mode():
        return 2.0 * _ROWS * weight.numel() / min(_best(way) for way in ways)


def _best(work: Any) -> float:
    seconds = []
    for _ in range(_TURNS):
        started = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
