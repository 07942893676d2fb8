"""The model that a fine-tune changes: its weights, or a LoRA adapter on top of them."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from xtf import models
from xtf.config import ModelSettings
from xtf.errors import SettingsError
from xtf.training.loss import train_on_kept
from xtf.training.settings import TrainSettings


def prepared(model: ModelSettings, settings: TrainSettings, start: Path | None = None) -> tuple[Any, Any]:
    """(model, tokenizer), ready for `KeptTrainer`; the adapter's weights hang on the seed alone, or are those of
    `start`, the result of an earlier fine-tune by the same method. Raises: ModelError; SettingsError for target modules
    that the model lacks."""
    from_start = {"model": str(start), "revision": None} if start and settings.method == "full" else {}
    loaded = models.load_model(model.model_copy(update={
        **from_start, "device": settings.device, "dtype": _dtype(settings, model)}))
    trained = loaded.model.train()
    if settings.gradient_checkpointing:
        trained.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        trained.enable_input_require_grads()
    if settings.method == "lora":
        trained = _adapter_of(trained, start) if start else with_adapter(trained, settings)
        train_on_kept(trained.get_base_model())
    else:
        train_on_kept(trained.float())
    return trained, loaded.tokenizer


def _adapter_of(model: Any, start: Path) -> Any:
    """The model with the adapter of an earlier fine-tune, to be trained on."""
    from peft import PeftModel

    return PeftModel.from_pretrained(model, str(start), is_trainable=True)


def _dtype(settings: TrainSettings, model: ModelSettings) -> str:
    """bfloat16 is slow to train with on a CPU, even where it is quick to score with."""
    if settings.dtype != "auto":
        return settings.dtype
    return "float32" if models.pick_device(settings.device) == "cpu" else models.dtype_of(
        model.model_copy(update={"device": settings.device, "dtype": "auto"}))


def with_adapter(model: Any, settings: TrainSettings) -> Any:
    """The model with frozen weights and a LoRA adapter, as peft makes it. Raises: SettingsError for layers that the
    model lacks."""
    from peft import LoraConfig, get_peft_model

    wanted = settings.target_modules
    targets = wanted if wanted == "all-linear" else [name.strip() for name in wanted.split(",")]
    known = linear_layers(model.named_modules())
    if isinstance(targets, list) and (missing := [name for name in targets if name not in known]):
        raise SettingsError(f"The model has no layer called {', '.join(missing)}: choose all-linear, or some of "
                            f"{', '.join(known)}.")
    # peft asks transformers for what has got another name, and people would read of it at each start.
    warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.* is deprecated", FutureWarning)
    torch.manual_seed(settings.seed)
    return get_peft_model(model, LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules=targets,
        task_type="CAUSAL_LM"))


def linear_layers(modules: Iterable[tuple[str, Any]]) -> list[str]:
    """Short names of the layers that can get an adapter."""
    return sorted({name.rpartition(".")[2] for name, module in modules
                   if isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D"})
