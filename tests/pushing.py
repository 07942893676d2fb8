"""An export to push, and huggingface_hub led to the stand-in of `tests.hub`."""

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from huggingface_hub import constants

from tests import tables
from tests.hub import Hub
from tests.tables import PROMPT, RESPONSE
from xtf.config import Cutoff, Off, Thresholds
from xtf.runs import Run

THRESHOLDS = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.75), relevance=Off(), insist=True)
IDS = [[5, 1, 2], [6, 3], [8, 9, 4, 4]]
LABELS = [[-100, 1, -100], [-100, -100], [-100, -100, 4, -100]]


def lead_to(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes huggingface_hub send everything to this hub, without hf_xet and without waiting between tries. No token is
    known from anywhere."""
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere")
    no_wait = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
    monkeypatch.setattr("huggingface_hub.utils._http.time", no_wait)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def stored(hub: Hub, repo: str = "me/apples", branch: str = "main") -> dict[str, bytes]:
    """What a repository has now, without what the hub makes itself."""
    return {name: content for name, content in hub.repos[repo].branches[branch].items() if name != ".gitattributes"}


def on_disk(folder: Path) -> dict[str, bytes]:
    """What an export holds."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def apples() -> Run:
    """A run of three examples to export at `THRESHOLDS`; their labels are `LABELS`."""
    marks = [[PROMPT, RESPONSE, RESPONSE], [PROMPT, RESPONSE], [PROMPT, PROMPT, RESPONSE, RESPONSE]]
    p = [[0.5, 0.5, 0.875], [0.5, 0.9375], [0.5, 0.5, 0.5, 0.875]]
    return tables.saved("apples", tables.table(IDS, marks, {"logprob": [np.log(row) for row in p]}))
