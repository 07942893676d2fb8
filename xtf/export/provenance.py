"""Where the rows of an export come from: model, tokenizer, chat template, seeds. Told by files, nothing is loaded."""

import hashlib
import json
from pathlib import Path
from typing import Any

from xtf import fingerprint, models, workspace
from xtf.config import ScoreSettings
from xtf.data import generator
from xtf.data.sources import DEMO_SEED
from xtf.errors import XtfError
from xtf.store import Manifest

_COMMIT = "commit:"
#: The first that holds one counts.
_TEMPLATE_FILES = ("chat_template.jinja", "tokenizer_config.json", "chat_template.json")


def described(manifest: Manifest) -> dict[str, Any]:
    """`model`, chat `template` and `seeds` of a run."""
    return {"model": _model(manifest), "template": _template(manifest), "seeds": _seeds(manifest)}


def _model(manifest: Manifest) -> dict[str, Any]:
    """The scoring model: `name`; `revision` as asked for and the `commit` that it came to, null for a local model;
    digests of the weights and of the tokenizer (sha256 of the files; of a hub model, its commit); architecture."""
    digest = str(manifest.model.get("digest") or "")
    return {"name": manifest.model.get("name"), "revision": manifest.settings.get("revision"),
            "commit": digest.removeprefix(_COMMIT) if digest.startswith(_COMMIT) else None,
            **{name: value for name, value in manifest.model.items() if name != "name"}}


def _template(manifest: Manifest) -> dict[str, Any]:
    """The chat template of the run: the `setting`, what it `comes_to` (none, chat for the tokenizer's own, file), and
    the sha256 of its text. Null where it cannot be told any more, because the model or the file is gone or changed."""
    setting = str(manifest.settings.get("template", "auto"))
    if setting == "none":
        return {"setting": setting, "comes_to": "none", "digest": None}
    text = _tokenizers_own(manifest) if setting == "auto" else _read(workspace.expanded(setting))
    if text is None:
        return {"setting": setting, "comes_to": None if setting == "auto" else "file", "digest": None}
    if not text:
        return {"setting": setting, "comes_to": "none", "digest": None}
    return {"setting": setting, "comes_to": "chat" if setting == "auto" else "file",
            "digest": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}


def _seeds(manifest: Manifest) -> dict[str, Any]:
    """Seeds by what they decide, null where nothing is left to chance."""
    demo = manifest.settings.get("data") == "demo"
    return {"data": {"generator": generator.VERSION, "seed": DEMO_SEED} if demo else None, "scoring": None,
            "export": None}


def _tokenizers_own(manifest: Manifest) -> str | None:
    """The text of the tokenizer's own chat template; empty if it has none, None if that cannot be told."""
    folder = _folder(manifest)
    if folder is None:
        return None
    for name in _TEMPLATE_FILES:
        text = _read(folder / name)
        if text is not None and name.endswith(".json"):
            text = _named_template(text)
        if text:
            return text
    return ""


def _folder(manifest: Manifest) -> Path | None:
    """Where the tokenizer's files are, as they were when the run was scored."""
    try:
        asked = ScoreSettings.model_validate(manifest.settings)
        if str(manifest.model.get("digest")).startswith(_COMMIT):
            return _cached(asked.model, str(manifest.model["digest"]).removeprefix(_COMMIT))
        if asked.model == models.EMBEDDED and not models.embedded_ready():
            return None
        folder = models.locate(asked)
        same = fingerprint.of(asked)["tokenizer"] == manifest.model.get("tokenizer")
        return folder.folder if same and "gguf_file" not in folder.options else None
    except (XtfError, ValueError, OSError):
        return None


def _cached(name: str, commit: str) -> Path | None:
    """The folder of a hub model's files in the local cache."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "tokenizer_config.json", revision=commit)
    return Path(found).parent if isinstance(found, str) else None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _named_template(content: str) -> str:
    """The template inside tokenizer_config.json, where it is one or several by name."""
    try:
        found = json.loads(content).get("chat_template")
    except (ValueError, AttributeError):
        return ""
    if isinstance(found, list):
        found = next((entry.get("template") for entry in found if isinstance(entry, dict)
                      and entry.get("name") == "default"), "")
    return found if isinstance(found, str) else ""
