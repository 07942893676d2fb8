"""Whether a chat template marks what the assistant says, which some trainers go by. Reads files only: no tokenizer is
loaded, which would import torch."""

import json
import re
from pathlib import Path
from typing import Any, Literal

from xtf import models, workspace
from xtf.config import ModelSettings, OtherTokenizer, ScoreSettings, settings
from xtf.store import Manifest

Marks = Literal["marked", "unmarked", "none", "unknown"]
_KEYWORD = re.compile(r"\{%-?\s*generation\s*-?%\}")  # as transformers looks for it
_FILES = ("chat_template.jinja", "tokenizer_config.json")
_TURNS = [{"role": "user", "content": "question"}, {"role": "assistant", "content": "answer"}]
_TOKENS = dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), "")


def template_marks(manifest: Manifest, other: OtherTokenizer | None = None) -> Marks:
    """What the chat template gives that a trainer would use; `unknown` where its files are not at hand."""
    asked = settings(ScoreSettings, manifest.settings)
    model = ModelSettings(model=other.tokenizer, revision=other.revision) if other else asked
    template = (other.template if other else None) or asked.template
    try:
        text = workspace.expanded(template).read_text(encoding="utf-8") if template not in ("auto", "none") else (
            _own(model))
    except (OSError, ValueError):  # ValueError: neither UTF-8 nor JSON
        return "unknown"
    if text is None:
        return "none"
    return "marked" if marks(text) else "unmarked"


def marks(template: str) -> bool:
    """Whether transformers' assistant mask of a question and its answer has a one."""
    if not _KEYWORD.search(template):
        return False
    from transformers.utils import chat_template_utils

    render: Any = chat_template_utils.render_jinja_template
    try:
        _, found = render([_TURNS], chat_template=template, return_assistant_tokens_mask=True, **_TOKENS)
    except Exception:  # a template that does not take such messages raises anything; it has the keyword at least
        return True
    return any(end > start for start, end in found[0])


def _own(model: ModelSettings) -> str | None:
    """The template that comes with a model; None where it has none. Raises: OSError where its files are not at hand,
    ValueError where they cannot be read."""
    if model.model.endswith(".gguf") or (model.model == models.EMBEDDED and not models.embedded_ready()):
        raise FileNotFoundError(model.model)  # reading it would take seconds
    jinja, config = (_file(model, name) for name in _FILES)
    if jinja:
        return jinja.read_text(encoding="utf-8")
    if config is None:
        raise FileNotFoundError(model.model)
    return _default(json.loads(config.read_text(encoding="utf-8")).get("chat_template"))


def _default(template: Any) -> str | None:
    """Some tokenizers name several templates."""
    if isinstance(template, list):
        template = {entry["name"]: entry["template"] for entry in template}.get("default")
    return template if isinstance(template, str) else None


def _file(model: ModelSettings, name: str) -> Path | None:
    """A file of a local folder, or of a hub model that was downloaded before."""
    folder = models.embedded_folder() if model.model == models.EMBEDDED else workspace.expanded(model.model)
    if folder.is_dir():
        return folder / name if (folder / name).is_file() else None
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(model.model, name, revision=model.revision)
    except HFValidationError:
        return None
    return Path(found) if isinstance(found, str) else None
