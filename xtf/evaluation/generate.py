"""What a model answers: text after the prompt only."""

from collections.abc import Collection, Sequence

import numpy as np

from xtf.config import DataSettings
from xtf.evaluation.settings import EvaluationSettings
from xtf.models import LoadedModel
from xtf.progress import Progress, silent


def answers(loaded: LoadedModel, prompts: Sequence[np.ndarray], settings: EvaluationSettings,
            progress: Progress = silent, stop: Collection[int] = ()) -> list[list[str]]:
    """`settings.samples` answers to each prompt (ids int[T]). `stop`: further ids that end an answer."""
    raise NotImplementedError


def chat_prompt(tokenizer: object, text: str, template: DataSettings) -> np.ndarray:
    """int32[T]: the ids before the first response token where a user says `text`."""
    raise NotImplementedError
