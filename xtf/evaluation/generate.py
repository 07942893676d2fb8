"""What a model answers: `generate` of transformers over batches of prompts, and the text after the prompt only."""

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from xtf import devices
from xtf.config import DataSettings
from xtf.data import render
from xtf.data.types import Example, Message
from xtf.engine.window import batches
from xtf.errors import DataError, EvaluationError, ModelError
from xtf.evaluation.settings import EvaluationSettings
from xtf.models import LoadedModel
from xtf.progress import GENERATING, Progress, silent

if TYPE_CHECKING:
    from transformers import GenerationConfig

BATCH_TOKENS = 8192  # padded tokens with the longest answers: a gigabyte of keys and values for a model of 8 billion


def answers(loaded: LoadedModel, prompts: Sequence[np.ndarray], settings: EvaluationSettings,
            progress: Progress = silent, stop: Collection[int] = ()) -> list[list[str]]:
    """`settings.samples` answers to each prompt (ids int[T]), without the prompt and the token that ended them.

    An answer ends at a token of `stop`, or that the tokenizer or the model ends texts with, after
    `settings.max_new_tokens`, or where the model's context is full. The same settings, model and prompts give the same
    answers on the same device. `progress` counts prompts. Raises: EvaluationError for a prompt that fills the context;
    ModelError when one answer alone does not fit into memory.
    """
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()  # what it prints runs into what commands say
    _check(prompts, loaded.context)
    asked = [prompt for prompt in prompts for _ in range(settings.samples)]
    found: dict[int, str] = {}
    with torch.random.fork_rng(_cuda(loaded)):
        torch.manual_seed(settings.seed)
        for batch, texts in _in_batches(loaded, asked, settings, _ends(loaded) | set(stop)):
            found |= dict(zip(batch, texts))
            progress(len(found) // settings.samples, len(prompts), GENERATING)
    return [[found[first + sample] for sample in range(settings.samples)]
            for first in range(0, len(asked), settings.samples)]


def chat_prompt(tokenizer: Any, text: str, template: DataSettings) -> np.ndarray:
    """int32[T]: the ids that come before an answer where a user says `text`, rendered as training data is. Raises:
    DataError for an empty text, one that is too long, or a template that does not take it."""
    if not text.strip():
        raise DataError("The prompt is empty: write something to answer.")
    tally: Counter[str] = Counter()
    asked = Example("prompt", (Message("user", text), Message("assistant", "A")))  # the answer is cut off again
    tokens = render.renderer(tokenizer, template, None, tally)(asked)
    if tokens is None:
        raise DataError(f"The prompt is longer than the {template.max_length} tokens that are allowed: shorten it.")
    return tokens.ids[:int(np.argmax(tokens.trainable))]


def _in_batches(loaded: LoadedModel, prompts: Sequence[np.ndarray], settings: EvaluationSettings, ends: set[int]
                ) -> Iterator[tuple[list[int], list[str]]]:
    """Batches of prompts' numbers with what was written, short ones first; smaller ones once memory did not suffice."""
    left, budget = list(range(len(prompts))), BATCH_TOKENS
    while left:
        costs = [_cost(len(prompts[number]), settings.max_new_tokens, loaded.context, budget) for number in left]
        places = next(batches(costs, budget))
        batch = [left[place] for place in places]
        try:
            yield batch, _written(loaded, [prompts[number] for number in batch], settings, ends)
        except (RuntimeError, MemoryError) as error:
            if not devices.out_of_memory(error):
                raise
            budget = _halved(len(batch), costs[places[-1]], error)
            continue
        left = sorted(set(left) - set(batch))


def _cost(prompt: int, new: int, context: int | None, budget: int) -> int:
    """Padded tokens. A prompt whose answer may fill the context is alone in its batch, or it would shorten others'."""
    return max(budget, prompt + new) if context and prompt + new > context else prompt + new


def _halved(prompts: int, longest: int, error: BaseException) -> int:
    """The new budget. Raises: ModelError when there is nothing left to halve."""
    if prompts == 1:
        raise ModelError("One answer does not fit into memory even alone: ask for shorter answers, or choose a smaller "
                         "model or --device cpu.") from error
    budget = longest * (prompts // 2)
    logging.getLogger(__name__).warning("Out of memory: going on with batches of at most %d tokens.", budget)
    return budget


def _written(loaded: LoadedModel, prompts: list[np.ndarray], settings: EvaluationSettings, ends: set[int]) -> list[str]:
    """The text that follows each prompt."""
    import torch
    from transformers import GenerationConfig

    ids, mask = (torch.from_numpy(array).to(loaded.device) for array in _padded(prompts))
    drawing = {"do_sample": True, "temperature": settings.temperature, "top_k": 0, "top_p": 1.0} \
        if settings.temperature else {"do_sample": False}
    chosen = GenerationConfig(max_new_tokens=_room(ids.shape[1], settings.max_new_tokens, loaded.context),
                              eos_token_id=sorted(ends) or None, pad_token_id=min(ends, default=0), **drawing)
    with torch.inference_mode(), _alone(loaded.model, chosen):
        whole = loaded.model.generate(input_ids=ids, attention_mask=mask, generation_config=chosen)
    return [_text(loaded.tokenizer, row, ends) for row in whole[:, ids.shape[1]:].tolist()]


@contextmanager
def _alone(model: Any, chosen: "GenerationConfig") -> Iterator[None]:
    """Without the defaults that come with a model (a repetition penalty, say): every model answers by the same rule."""
    usual, model.generation_config = model.generation_config, chosen
    try:
        yield
    finally:
        model.generation_config = usual


def _text(tokenizer: Any, new: list[int], ends: set[int]) -> str:
    """Up to the first token that ends texts; special tokens before it are left out."""
    length = next((place for place, id_ in enumerate(new) if id_ in ends), len(new))
    return str(tokenizer.decode(new[:length], skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _padded(prompts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Ids and mask int64[B, T], padded to the left, so that every answer begins at the same place."""
    longest = max(map(len, prompts))
    ids, mask = np.zeros((2, len(prompts), longest), np.int64)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt):], mask[row, longest - len(prompt):] = prompt, 1
    return ids, mask


def _room(prompt: int, wanted: int, context: int | None) -> int:
    return min(wanted, context - prompt) if context else wanted


def _ends(loaded: LoadedModel) -> set[int]:
    """Ids that end a text, as tokenizer and model say."""
    named = [loaded.tokenizer.eos_token_id, getattr(loaded.model.generation_config, "eos_token_id", None)]
    return {int(id_) for ids in named if ids is not None for id_ in (ids if isinstance(ids, list) else [ids])}


def _check(prompts: Sequence[np.ndarray], context: int | None) -> None:
    for number, prompt in enumerate(prompts):
        if not len(prompt) or (context and len(prompt) >= context):
            raise EvaluationError(f"Prompt {number} has {len(prompt)} tokens of the {context} that the model takes, so "
                                  "there is no room to answer: leave it out, or choose a model with a longer context.")


def _cuda(loaded: LoadedModel) -> list[str]:
    return [loaded.device] if loaded.device.startswith("cuda") else []
