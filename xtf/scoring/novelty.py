"""Knowledge novelty and its kin: what the base model's prediction says about the token that came."""

import torch

TOP = 20


def prediction_scores(logits: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
    """Columns float32[n] from logits float32[n, V] and the tokens int64[n] that came.

    logprob: ln p(token | prefix) in nats, XTF Eq. 3 has novelty 1 - p. entropy and entropy_top20 in nats, rank as the
    number of likelier entries, margin top1 - top2 in logits. Rows that hold NaN come out as NaN.
    """
    log_sum = logits.logsumexp(-1)
    target = logits.gather(1, targets[:, None])[:, 0]
    top = logits.topk(min(TOP, logits.shape[1])).values
    return {
        "logprob": target - log_sum,
        "entropy": _entropy(logits, log_sum),
        "entropy_top20": torch.distributions.Categorical(logits=top, validate_args=False).entropy(),
        "rank": (logits > target[:, None]).sum(-1).float(),
        "margin": top[:, 0] - top[:, 1],
    }


def _entropy(logits: torch.Tensor, log_sum: torch.Tensor) -> torch.Tensor:
    """Entropy in nats, -Σ p·ln p: terms of one sign, so that float32 loses nothing; p = 0 counts as 0."""
    log_p = logits - log_sum[:, None]
    return -(log_p.exp() * log_p.clamp_min(torch.finfo(log_p.dtype).min)).sum(-1)
