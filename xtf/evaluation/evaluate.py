"""One model on one held-out run: its loss on every response token, and what it answers."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xtf import workspace
from xtf.columns import Mark
from xtf.evaluation import losses, marking, result, unrelated
from xtf.evaluation.generate import answers
from xtf.evaluation.result import Evaluation
from xtf.evaluation.settings import EvaluationSettings
from xtf.evaluation.tasks import task_of
from xtf.filters import Verdicts
from xtf.models import LoadedModel
from xtf.progress import Progress, silent
from xtf.runs import Run
from xtf.store import ScoredExample, ScoreTable


def evaluate(model: Any, tokenizer: Any, held_out: Run, verdicts: Verdicts, settings: EvaluationSettings, folder: Path,
             *, name: str, progress: Progress = silent) -> Evaluation:
    """Evaluates `model` and saves what it found in `folder`, in place of what is there.

    `model` is a causal language model of transformers in eval mode, its adapters merged; its weights stay packed
    afterwards, so that it cannot be trained or saved any more. `held_out` is a run scored with the base model,
    `verdicts` what `filters.judge` says of its table, and `name` what the model is called. The prompt of an example is
    what stands before its first response token, and its first response the reference, in conversations too. `progress`
    counts examples: "generating", "running code", "loss on unrelated text" and "held-out loss".

    Raises: EvaluationError where code is to be run and cannot be shut in, or the model does not go with the run;
    ModelError; StoreError for a damaged run or a full disk; DataError if HumanEval's tests are not installed.
    """
    started, manifest = time.monotonic(), held_out.manifest
    task = task_of(settings.task, str(manifest.data.get("format")))
    loaded = LoadedModel(model, tokenizer, name, str(model.device), str(model.dtype).removeprefix("torch."))
    losses.check(loaded, held_out)
    table = held_out.table()
    examples = [table.example(index) for index in range(min(len(table), settings.examples or len(table)))]
    marking.check(task, [example.id for example in examples], settings)
    written = answers(loaded, [_prompt(example) for example in examples], settings, progress, _ends(examples))
    marked = marking.mark(task, [example.id for example in examples], [_reference(example) for example in examples],
                          written, settings, progress)
    forgotten = unrelated.measured(loaded, progress)
    items = _losses(loaded, held_out, table, verdicts, len(examples), progress) | marked | {"generations": written}
    found = Evaluation(name, held_out.name, manifest.run_id, task, settings.model_dump(mode="json"),
                       verdicts.thresholds.model_dump(mode="json"), pd.DataFrame(items)[list(result.COLUMNS)],
                       round(time.monotonic() - started, 2), workspace.now(), forgotten)
    result.save(found, folder)
    return found


def _losses(loaded: LoadedModel, held_out: Run, table: ScoreTable, verdicts: Verdicts, count: int, progress: Progress
            ) -> dict[str, Any]:
    """The columns id, nll, tokens, and the same of kept and dropped tokens."""
    logprob, offsets = losses.logprobs(loaded, held_out, range(count), progress), table.offsets[:count + 1]
    trainable, keep = table.trainable[:offsets[-1]], verdicts.keep[:offsets[-1]]
    columns: dict[str, Any] = {"id": list(table.example_ids[:count])}
    for names, of in ((("nll", "tokens"), trainable), (("nll_kept", "kept"), keep),
                      (("nll_dropped", "dropped"), trainable & ~keep)):
        columns |= dict(zip(names, losses.sums(logprob, of, offsets)))
    return columns


def _prompt(example: ScoredExample) -> np.ndarray:
    """int32[T]: what stands before the first response token."""
    return example.ids[:int(np.argmax(example.trainable))]


def _reference(example: ScoredExample) -> str:
    """The text of the first response, without the token that ends it."""
    first = int(np.argmax(example.trainable))
    after = first + int(np.argmin(np.append(example.trainable[first:], False)))
    spans = example.spans[first:after][(example.marks[first:after] & Mark.EOS) == 0]
    return example.text[int(spans[:, 0].min()):int(spans[:, 1].max())] if len(spans) else ""


def _ends(examples: Sequence[ScoredExample]) -> set[int]:
    """Ids that end a response in this data: a template's end of turn need not be the tokenizer's end of text."""
    ends: set[int] = set()
    return ends.union(*(example.ids[(example.marks & Mark.EOS) != 0].tolist() for example in examples))
