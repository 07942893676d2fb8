"""Cross-entropy at kept positions only: no logit is made that no label needs, and few are held at once.

The plain way multiplies every position by the vocabulary and keeps all logits until the backward pass. Here some rows
at a time are multiplied, and their gradients taken at once, so that logits live for an instant; loss and gradients are
the same numbers.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from xtf.scoring.head import logits_by
from xtf.training.quicken import quicken

_LOGITS = 1 << 24  # at once: 64 MiB in float32, thrice in all with their gradients


def train_on_kept(model: Any) -> None:
    """From now on `model(kept=…, targets=…, …)` returns {"loss": sum of the cross-entropy, nats}, of each token times
    its weight where there are weights; see `padded` of `xtf.training.rows`, and `one_row` where `model.takes_one_row`.
    With `each` it returns {"each": float32[K], nats}, without gradients. Everything around the model (adapters, DDP,
    checkpointing) goes on as before. Raises: ModelError if its head cannot be found."""
    backbone = getattr(model, model.base_model_prefix)
    logits_of = logits_by(model)
    head = [parameter for parameter in model.get_output_embeddings().parameters()]
    rows = max(1, _LOGITS // model.get_output_embeddings().weight.shape[0])

    def forward(kept: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None = None, each: bool = False,
                **given: Any) -> dict[str, torch.Tensor]:
        hidden = backbone(**given, use_cache=False).last_hidden_state
        chosen = hidden.flatten(0, 1)[kept]
        if each:
            parts = zip(chosen.split(rows), targets.split(rows))
            return {"each": torch.cat([_losses(logits_of(states), wanted) for states, wanted in parts])}
        trained = [parameter for parameter in head if parameter.requires_grad]
        return {"loss": _Summed.apply(chosen, targets, weights, logits_of, rows, *trained)}

    model.forward = forward
    model.takes_one_row = quicken(backbone)


def _losses(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits.float(), targets, reduction="none")


class _Summed(torch.autograd.Function):
    """Sum of the cross-entropy of hidden states [K, D] against int64[K], its gradients taken while logits are there."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None,
                logits_of: Callable[[torch.Tensor], torch.Tensor], rows: int, *head: nn.Parameter) -> torch.Tensor:
        wanted = any(ctx.needs_input_grad)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        gradients = [torch.empty_like(hidden), *map(torch.zeros_like, head)] if wanted else []
        for start in range(0, len(hidden), rows):
            here = slice(start, start + rows)
            with torch.set_grad_enabled(wanted):
                states = hidden[here].detach().requires_grad_(wanted)
                loss = _sum(logits_of(states), targets[here], None if weights is None else weights[here])
            total += loss.detach()
            if wanted:
                of_states, *of_head = torch.autograd.grad(loss, [states, *head])
                gradients[0][here] = of_states
                for gathered, part in zip(gradients[1:], of_head, strict=True):
                    gathered += part
        ctx.save_for_backward(*gradients)
        return total

    @staticmethod
    def backward(ctx: Any, scale: torch.Tensor) -> tuple[Any, ...]:
        of_hidden, *of_head = [gradient * scale for gradient in ctx.saved_tensors]
        return of_hidden, None, None, None, None, *of_head


def _sum(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    if weights is None:
        return functional.cross_entropy(logits.float(), targets, reduction="sum")
    return (_losses(logits, targets) * weights).sum()
