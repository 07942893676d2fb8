"""One question to a fine-tune and to its base model."""

from xtf.config import DataSettings
from xtf.errors import SettingsError, TrainingError
from xtf.evaluation.generate import answers, chat_prompt
from xtf.evaluation.load import load
from xtf.evaluation.settings import EvaluationSettings
from xtf.progress import Progress, silent, within
from xtf.training.folder import Training


def ask(training: Training, prompt: str, settings: EvaluationSettings, *, progress: Progress = silent
        ) -> tuple[str, str]:
    """The answers of the base model and of the fine-tune. Raises: TrainingError if it is not finished; SettingsError
    for an empty prompt; ModelError."""
    if not training.done:
        raise TrainingError(f"Fine-tune {training.name} is not finished: run the same train command again first.")
    if not prompt.strip():
        raise SettingsError("The question is empty: write one.")
    found = []
    for who, result in (("base model", None), ("fine-tune", training.result)):
        progress(0, 0, f"loading the {who}")
        loaded = load(training.model, result)
        ids = chat_prompt(loaded.tokenizer, prompt, DataSettings(template=training.record.get("template", "auto")))
        found.append(answers(loaded, [ids], settings, within(who, progress))[0][0])
    return found[0], found[1]
