"""Task relevance: how near a token type lies to the domain, by input embedding or by its hidden state alone."""

import torch


def domain_mean(vectors: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Mean over the dataset's tokens: vectors [V', D] of the types in use, counts [V'] → float64 [D]."""
    return (vectors.double() * counts[:, None]).sum(0) / counts.sum()


def word_mean(word_vectors: list[torch.Tensor]) -> torch.Tensor:
    """Mean over words of each word's mean over its tokens [t, D], as the published code does → [D]."""
    return torch.stack([vectors.double().mean(0) for vectors in word_vectors]).mean(0)


def similarity(vectors: torch.Tensor, domain: torch.Tensor) -> torch.Tensor:
    """Cosine similarity of vectors [V', D] with the domain vector [D] → float32 [V'] in [-1, 1]."""
    return torch.cosine_similarity(vectors.double(), domain[None].double(), dim=1).float()
