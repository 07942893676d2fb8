"""What a model is, as digests of its files: without loading it, and without importing what loads it."""

import hashlib
import re
from pathlib import Path

from xtf import digests, models
from xtf.config import ModelSettings

_HUB_TIMEOUT = 10.0  # seconds
#: Everything that transformers may read of a folder besides weights; what only generation or people use is left out.
_TEXT_FILES = ("config.json", "*token*.json", "vocab*", "merges.txt", "*.model", "*.tiktoken", "*.jinja",
               "chat_template.json", "additional_chat_templates/*.jinja", "*.py")


def of(settings: ModelSettings) -> dict[str, str]:
    """`weights` and `tokenizer`: sha256 over the local weight files, and over all that decides how text becomes ids and
    how the weights are used (configuration, tokenizer, chat templates, code); of a hub model, its commit.

    Raises: ModelError where there is no such model.
    """
    source = models.locate(settings)
    if source.folder is None:
        commit = f"commit:{_hub_commit(settings)}"
        return {"weights": commit, "tokenizer": commit}
    texts = {path for pattern in _TEXT_FILES for path in source.folder.glob(pattern) if path.is_file()}
    return {"weights": _files_digest("weights", source.weights),
            "tokenizer": _files_digest("tokenizer", sorted(texts))}


def _files_digest(kind: str, paths: list[Path]) -> str:
    """sha256 over names and contents, remembered while the files stay as they are."""
    def work_out() -> str:
        digest = hashlib.sha256()
        for path in paths:
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode("utf-8", "surrogateescape"))
            with path.open("rb") as file:
                while block := file.read(1 << 24):
                    digest.update(block)
        return f"sha256:{digest.hexdigest()}"

    return digests.remembered(kind, paths, work_out)


def _hub_commit(settings: ModelSettings) -> str:
    """The commit that a hub model stands at: asked of the hub; where that cannot be reached, of the local cache."""
    from huggingface_hub import HfApi, constants

    revision = settings.revision or "main"
    if re.fullmatch(r"[0-9a-f]{40}", revision):
        return revision
    try:
        return HfApi().model_info(settings.model, revision=revision, timeout=_HUB_TIMEOUT).sha or "unknown"
    except Exception:  # no network, no such model, gated: whatever it is, the loader tells it better
        pass
    folder = f"models--{settings.model.replace('/', '--')}"
    try:
        return (Path(constants.HF_HUB_CACHE) / folder / "refs" / revision).read_text(encoding="utf-8").strip()
    except OSError:
        return getattr(models.load_config(settings), "_commit_hash", None) or "unknown"
