"""Overrides that a link or a command line goes by: too long for either, they are kept in the workspace.

    $XTF_HOME/overrides/DIGEST.json           what a link names; written once
    $XTF_HOME/overrides/DIGEST-PRESET.yaml    the same as a settings file, for a command line
"""

import hashlib
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from xtf import saved, workspace
from xtf.config import PRESETS, Override, Thresholds, settings
from xtf.errors import SettingsError


def keep(overrides: Sequence[Override]) -> str:
    """Keeps overrides in the workspace, once, and gives the digest that a link names them by. Equal ones have equal
    digests. Raises: StoreError."""
    digest = _digest(tuple(overrides))
    if not (path := _folder() / f"{digest}.json").exists():
        workspace.write_json(path, [override.model_dump(mode="json") for override in overrides])
    return digest


def kept(digest: str) -> tuple[Override, ...]:
    """The overrides of a digest. Raises: SettingsError where this workspace has none such."""
    unknown = SettingsError("The verdicts by hand of this link are not in this workspace: open the link where it was "
                            "made, or ask for the settings as a file.")
    if not re.fullmatch("[0-9a-f]{16}", digest):  # it becomes a file's name
        raise unknown
    try:
        values = workspace.read_json(_folder() / f"{digest}.json")
    except (OSError, ValueError) as error:
        raise unknown from error
    found = settings(Thresholds, {"overrides": values}).overrides
    if _digest(found) != digest:
        raise unknown
    return found


def settings_file(preset: str, overrides: Sequence[Override]) -> Path:
    """A settings file with a preset and these overrides, for command lines; made when there is none. Raises:
    StoreError."""
    path = _folder() / f"{_digest(tuple(overrides))}-{preset}.yaml"
    if not path.exists():
        thresholds = PRESETS[preset][1].model_copy(update={"overrides": tuple(overrides)})
        saved.write(path, saved.stamped(thresholds, preset))
    return path


@lru_cache(maxsize=64)
def _digest(overrides: tuple[Override, ...]) -> str:
    content = json.dumps([override.model_dump(mode="json") for override in overrides], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _folder() -> Path:
    return workspace.home() / "overrides"
