"""When two ways of computing count as the same."""

import torch


def same(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Equal up to the rounding of the coarser tensor's number format."""
    difference = (left.float() - right.float()).norm() / left.float().norm()
    coarser = max(torch.finfo(left.dtype).eps, torch.finfo(right.dtype).eps)
    return bool(difference < max(1e-4, 16 * coarser))
