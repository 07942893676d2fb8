"""A fine-tune as a full model: its adapter merged into the base model."""

from pathlib import Path

from xtf import workspace
from xtf.errors import TrainingError
from xtf.evaluation.load import load
from xtf.export import place
from xtf.export.publish import building, publish
from xtf.progress import Progress, silent
from xtf.training import card
from xtf.training.folder import Training


def merge(training: Training, out: Path, *, progress: Progress = silent) -> Path:
    """Writes the merged model with its tokenizer and card to `out`, all of it or nothing.

    Raises: TrainingError if the fine-tune is not finished; StoreError if `out` is there already or the disk is full;
    ModelError if the base model is gone.
    """
    if not training.done:
        raise TrainingError(f"Fine-tune {training.name} is not finished: run the same train command again first.")
    folder = place.resolved(out)
    place.refuse_taken(folder, overwrite=False)
    progress(0, 0, "loading model")
    loaded = load(training.model, training.result)
    progress(0, 0, "writing")
    try:
        with building(folder, overwrite=False) as made:
            loaded.model.save_pretrained(made)
            loaded.tokenizer.save_pretrained(made)
            card.write(training, made)
            publish(made, folder, overwrite=False)
    except OSError as error:
        raise workspace.disk_error(folder, error) from error
    return folder
