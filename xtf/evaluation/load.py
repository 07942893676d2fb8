"""The model that is evaluated: the base model alone, with an adapter merged in, or one that was trained as a whole."""

from pathlib import Path
from typing import Any

from xtf import models
from xtf.config import ModelSettings
from xtf.errors import ModelError
from xtf.models import LoadedModel


def load(base: ModelSettings, result: Path | None = None) -> LoadedModel:
    """`base` as it is (None), with the adapter in the folder `result` merged in, or the model in that folder.

    The number format `auto` is bfloat16 on CUDA and float32 elsewhere, so that base and tuned model are compared alike.
    Raises: ModelError.
    """
    if result is None or not (result / "adapter_config.json").is_file():
        chosen = base if result is None else base.model_copy(update={"model": str(result), "revision": None})
        return models.load_model(_settled(chosen))
    if not (result / "adapter_model.safetensors").is_file():
        raise ModelError(f"The adapter in {result} has no adapter_model.safetensors: it is damaged, or kept as a "
                         "pickle, which can run code when loaded.")
    loaded = models.load_model(_settled(base))
    return LoadedModel(_merged(loaded.model, result), loaded.tokenizer, loaded.name, loaded.device, loaded.dtype)


def _settled(chosen: ModelSettings) -> ModelSettings:
    device = models.pick_device(chosen.device)
    auto = "bfloat16" if device.startswith("cuda") else "float32"
    return chosen.model_copy(update={"device": device, "dtype": auto if chosen.dtype == "auto" else chosen.dtype})


def _merged(model: Any, adapter: Path) -> Any:
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(adapter), is_trainable=False).merge_and_unload().eval()
    except Exception as error:  # of another architecture or shape, or damaged: anything from KeyError on
        why = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
        raise ModelError(f"The adapter in {adapter} does not go with this base model, or is damaged: {why}.") from error
