"""One model on one held-out run: its loss on every response token, and what it answers."""

from pathlib import Path
from typing import Any

from xtf.evaluation.result import Evaluation
from xtf.evaluation.settings import EvaluationSettings
from xtf.filters import Verdicts
from xtf.progress import Progress, silent
from xtf.runs import Run


def evaluate(model: Any, tokenizer: Any, held_out: Run, verdicts: Verdicts, settings: EvaluationSettings, folder: Path,
             *, name: str, progress: Progress = silent) -> Evaluation:
    """Evaluates `model`, a causal language model of transformers, and saves what it found in `folder`.

    Raises: XtfError.
    """
    raise NotImplementedError
