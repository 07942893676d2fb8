"""What makes an unfinished run browsable: its token types so far, with the similarities that cost no forward pass."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xtf.columns import TYPE_COLUMNS
from xtf.engine.token_types import TypeCounts
from xtf.runs import Run

if TYPE_CHECKING:
    from xtf.scoring.forward import Scorer

EVERY_SECONDS = 30.0
_BLOCK = 4096  # types


def checkpoints(run: Run, counts: TypeCounts, scorer: "Scorer") -> Callable[..., None]:
    """A function that makes browsable what is in `counts`: when half a minute has passed since it last did so, or at
    once when told `now=True`."""
    known = run.partial
    written, last = known.shards if known else 0, -EVERY_SECONDS

    def checkpoint(now: bool = False) -> None:
        nonlocal written, last
        if counts.shards > written and (now or time.monotonic() - last >= EVERY_SECONDS):
            run.checkpoint(counts.table(lambda *asked: _embeddings_only(scorer, *asked)), counts.shards)
            written, last = counts.shards, time.monotonic()

    return checkpoint


def _embeddings_only(scorer: "Scorer", ids: np.ndarray, counts: np.ndarray, words: Sequence[Sequence[int]]
                     ) -> dict[str, Any]:
    """TYPE_COLUMNS float32[V'] of the input embeddings, NaN for those that take hidden states; a block of types at a
    time, since the vectors of a whole vocabulary are gigabytes."""
    import torch

    from xtf.scoring import relevance

    embedding = scorer.loaded.model.get_input_embeddings()
    found = {name: np.full(len(ids), np.nan, np.float32) for name in TYPE_COLUMNS}
    with torch.inference_mode():
        def vectors_of(rows: Any) -> torch.Tensor:
            return embedding(torch.as_tensor(rows, dtype=torch.long, device=scorer.device)).float()

        blocks = [slice(start, start + _BLOCK) for start in range(0, len(ids), _BLOCK)]
        weights = torch.as_tensor(counts, dtype=torch.float64, device=scorer.device)
        total = sum(relevance.domain_mean(vectors_of(ids[block]), weights[block]) * weights[block].sum()
                    for block in blocks if counts[block].any())
        domains = {"embedding_dataset": total / counts.sum(),
                   "embedding_words": relevance.word_mean([vectors_of(word) for word in words if len(word)])}
        for block in blocks:
            for name, domain in domains.items():
                found[name][block] = relevance.similarity(vectors_of(ids[block]), domain).cpu().numpy()
    return found
