"""What a run would be, from settings and files alone: no model is loaded, and nothing that takes seconds imported."""

import re
from pathlib import Path
from typing import Any

import xtf
from xtf import devices, digests, fingerprint, models, runs, workspace
from xtf.config import ScoreSettings
from xtf.data import render, sources
from xtf.store import Manifest

#: Fields that do not change a score, or that a digest stands for: the same files in another folder are the same run.
_NOT_IDENTITY = {"device", "data", "model", "revision", "template"}


def asked(settings: ScoreSettings, name: str) -> Manifest:
    """The manifest of a run before anything is scored, `dtype` decided. Its id does not depend on the run's name, the
    device, or the folders that data and model lie in. Raises: DataError, ModelError."""
    settings = settings.model_copy(update={"dtype": devices.dtype_of(settings)})
    found = fingerprint.of(settings)
    parts = {"settings": settings.model_dump(exclude=_NOT_IDENTITY), "data": _data_digest(settings),
             "data_name": _file_name(settings.data), "template": _template(settings), "version": xtf.__version__,
             **found}
    return Manifest(
        name=name, run_id=runs.identity(parts), settings=settings.model_dump(), data={"digest": parts["data"]},
        model={"name": models.display_name(settings), "digest": found["weights"], "tokenizer": found["tokenizer"]},
        created=workspace.now(), version=xtf.__version__)


def anywhere(settings: ScoreSettings) -> ScoreSettings:
    """The same settings with full paths, so that a run can be resumed from any folder, as the dashboard does."""
    paths = {name: workspace.expanded(value) for name in ("data", "model", "template")
             if (value := getattr(settings, name)) not in ("demo", "humaneval", "embedded", "auto", "none")}
    return settings.model_copy(update={name: str(path.absolute()) for name, path in paths.items() if path.exists()})


def default_name(settings: ScoreSettings) -> str:
    """A run's name from its data and model: `gsm8k_train-SmolLM2-135M-Instruct`."""
    data = Path(settings.data).name.split(".")[0] or "data"
    model = Path(models.display_name(settings)).name.removesuffix(".gguf")
    return re.sub(r"[^\w.\-]+", "-", f"{data}-{model}")[:80].strip("-.") or "run"


def _data_digest(settings: ScoreSettings) -> str:
    """`sources.digest`, remembered while the files stay as they are."""
    path = workspace.expanded(settings.data)
    if sources.kind_of(settings) in ("demo", "humaneval", "hub"):
        return sources.digest(settings)
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return digests.remembered("data", files, lambda: sources.digest(settings))


def _file_name(data: str) -> str:
    """A local file's name, which tells how it is read; a hub id or the name of embedded data as it is."""
    path = workspace.expanded(data)
    return path.name if path.exists() else data


def _template(settings: ScoreSettings) -> Any:
    """auto (the tokenizer's own, which its digest covers), None, or a file's text."""
    return "auto" if settings.template == "auto" else render.template_of(None, settings)
