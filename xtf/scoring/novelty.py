"""Knowledge novelty and its kin: what the base model's prediction says about the token that came."""

import torch

TOP = 20
_COLUMNS = 1 << 11  # into which a row is folded to find its greatest entries


def prediction_scores(logits: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
    """Columns float32[n] from logits float32[n, V], which are overwritten, and the tokens int64[n] that came.

    logprob: ln p(token | prefix) in nats, XTF Eq. 3 has novelty 1 - p. entropy and entropy_top20 in nats, rank as the
    number of likelier entries, margin top1 - top2 in logits. Rows that hold NaN come out as NaN.
    """
    target = logits.gather(1, targets[:, None])
    likelier = torch.gt(logits, target, out=torch.empty_like(logits))  # as float32, which is summed fast
    rank = likelier.sum(-1)
    top = logits.gather(1, greatest(logits))
    below, target = logits.sub_(top[:, :1]), (target - top[:, :1])[:, 0]
    powers = torch.exp(below, out=likelier)
    total = powers.sum(-1)
    # Terms of one sign over x - max: float32 loses nothing where p is near 1. An entry of -inf counts as p = 0.
    weighted = torch.linalg.vecdot(powers, below.clamp_min_(torch.finfo(below.dtype).min))
    return {
        "logprob": target - total.log(),
        "entropy": total.log() - weighted / total,
        "entropy_top20": torch.distributions.Categorical(logits=top, validate_args=False).entropy(),
        "rank": rank,
        "margin": top[:, 0] - top[:, 1],
    }


def greatest(logits: torch.Tensor) -> torch.Tensor:
    """int64[n, 20]: where the greatest entries of each row [n, V] are, descending. They stand in the columns with the
    greatest maxima if a row is folded into columns, which saves sorting nearly all of it."""
    count, (rows, size) = min(TOP, logits.shape[1]), logits.shape
    depth = size // _COLUMNS
    if depth < 2:
        return logits.topk(count).indices
    folded = logits[:, :depth * _COLUMNS].view(rows, depth, _COLUMNS)
    columns = folded.amax(1).topk(count, sorted=False).indices
    starts = torch.arange(0, depth * _COLUMNS, _COLUMNS, device=logits.device)
    rest = torch.arange(depth * _COLUMNS, size, device=logits.device).expand(rows, -1)
    candidates = torch.cat([(starts[:, None] + columns[:, None]).flatten(1), rest], dim=1)
    return candidates.gather(1, logits.gather(1, candidates).topk(count).indices)
