"""The five likeliest tokens at each trainable token of one example: one forward pass over the ids that were scored."""

from typing import TYPE_CHECKING, Any

import numpy as np

from xtf import alternatives, devices
from xtf.alternatives import TOP, Alternatives
from xtf.data.types import Tokens
from xtf.engine import again
from xtf.errors import ModelError
from xtf.progress import Progress, silent
from xtf.runs import Run

if TYPE_CHECKING:
    import torch

    from xtf.scoring.forward import Scorer

_ROWS = 64  # predictions at once: their logits take some ten megabytes, whatever the example's length


def find(run: Run, index: int, progress: Progress = silent) -> Alternatives:
    """Those of example `index`, worked out and kept beside the run. Raises: XtfError, IndexError."""
    example = run.table().example(index)
    total = int(example.trainable.sum())
    progress(0, total, "loading model")
    scorer = again.scorer_of(again.settings_of(run.manifest))
    try:
        found = likeliest(scorer, Tokens(example.ids, example.marks, example.spans, example.text), progress)
    except (RuntimeError, MemoryError) as error:
        if not devices.out_of_memory(error):
            raise
        raise ModelError(f"Example {example.id} does not fit into memory now, though it was scored: free some memory "
                         "and ask again.") from error
    alternatives.keep(run, index, found)
    return found


def likeliest(scorer: "Scorer", tokens: Tokens, progress: Progress = silent) -> Alternatives:
    """Softmax in float32 over the vocabulary, at the positions that predict trainable tokens and nowhere else; the
    logits are those that scoring makes, so that p agrees with the stored log-probability."""
    import torch

    with torch.inference_mode():
        batch = scorer.backbone.lay_out([tokens])
        hidden, _ = scorer.backbone.run(batch)
        rows, places = batch.trainable.nonzero(as_tuple=True)
        predicting, came = hidden[rows, places - 1], batch.ids[rows, places]
        ids, p = np.full((len(tokens), TOP), -1, np.int32), np.full((len(tokens), TOP), np.nan, np.float32)
        where, done = places.cpu().numpy(), 0
        for states, token in zip(predicting.split(_ROWS), came.split(_ROWS), strict=True):
            best = _greatest(scorer.head.logits(states, token))
            here = where[done:done + len(states)]
            p[here, :best.values.shape[1]] = best.values.cpu().numpy()
            ids[here, :best.indices.shape[1]] = best.indices.cpu().numpy()
            done += len(states)
            progress(done, len(where), "asking the model")
    texts = {int(id_): scorer.loaded.tokenizer.decode([int(id_)]) for id_ in np.unique(ids[ids >= 0])}
    return Alternatives(ids, p, texts)


def _greatest(logits: "torch.Tensor") -> Any:
    """Values and indices [n, 5 or fewer] of the greatest probabilities."""
    return logits.softmax(-1).topk(min(TOP, logits.shape[1]))
