"""A fine-tune on held-out data."""

from typing import Any

from xtf import filters
from xtf.config import Thresholds
from xtf.evaluation import result
from xtf.evaluation.evaluate import evaluate
from xtf.evaluation.load import load
from xtf.evaluation.result import Evaluation
from xtf.evaluation.settings import EvaluationSettings
from xtf.progress import Progress, silent
from xtf.runs import Run
from xtf.training import card
from xtf.training.folder import Training


def evaluate_training(training: Training, held_out: Run, settings: EvaluationSettings, *,
                      groups: Thresholds | None = None, progress: Progress = silent) -> Evaluation:
    """What a fine-tune does on a held-out run, kept with it and told on its card; what is known already is not done
    again. Kept and dropped tokens are those of the three attributes at `groups`, or at the fine-tune's thresholds, or
    at the default ones where an export brought its labels.

    Raises: TrainingError if it is not finished; SettingsError for a run of another tokenizer; ModelError; StoreError.
    """
    training.check_for(held_out)
    thresholds, folder = groups or training.thresholds or Thresholds(), training.evaluation(held_out.name)
    wanted: dict[str, Any] = {
        "model": training.name, "run_id": held_out.manifest.run_id, "settings": settings.model_dump(),
        "thresholds": thresholds.model_dump(mode="json")}
    if result.exists(folder) and result.same(known := result.read(folder), **wanted):
        return known
    progress(0, 0, "loading model")
    loaded = load(training.model, training.result)
    found = evaluate(loaded.model, loaded.tokenizer, held_out, filters.judge(held_out.table(), thresholds), settings,
                     folder, name=training.name, progress=progress)
    card.write(training, training.result)
    return found
