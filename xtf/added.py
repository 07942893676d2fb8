"""Columns that were added to a finished run: facts that cost a pass of their own, such as a reference model's
log-probabilities.

    runs/NAME/columns/COLUMN.npy    float32[M], NaN where a token is not trainable
    runs/NAME/columns/COLUMN.json   its checksum and what made it; the column is there exactly when this is
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xtf import workspace
from xtf.digests import sha256
from xtf.errors import SettingsError, StoreError

ALONE = "answer_logprob"  # log-probability of response tokens where the text of prompts is taken out, nats
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def reference(name: str, evolving: bool = False) -> str:
    """The column of a reference model's log-probabilities, nats. Raises: SettingsError for what can be no name."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{name!r} cannot be the name of a reference model: use letters, digits, dots, dashes and "
                            "underscores.")
    return f"{'evolving' if evolving else 'reference'}.{name}"


@dataclass(frozen=True)
class Added:
    """The added columns of one run; of None, none can be."""

    folder: Path | None = None

    def __contains__(self, name: object) -> bool:
        return self.folder is not None and self._record(str(name)).is_file()

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        paths = self.folder.glob("*.json") if self.folder else ()
        return iter(sorted(path.name.removesuffix(".json") for path in paths))

    def read(self, name: str) -> np.ndarray:
        """float32[M], memory-mapped. Raises: StoreError if there is none, or it is not what was written."""
        try:
            if self.folder is None or self.made(name)["sha256"] != sha256(self._values(name)):
                raise ValueError("it is not what was written")
            return np.load(self._values(name), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"The added column {name} cannot be read ({error}): delete it and prepare the strategy "
                             "again.") from error

    def made(self, name: str) -> dict[str, Any]:
        """What is known of how it was made. Raises: OSError, ValueError."""
        return dict(workspace.read_json(self._record(name)))

    def write(self, name: str, values: np.ndarray, made: dict[str, Any]) -> None:
        """Adds or replaces one. Killed in between, it leaves none. Raises: StoreError when the disk is full."""
        assert self.folder is not None  # only a run's own table has a place for them
        self._record(name).unlink(missing_ok=True)
        path = self._values(name)
        path.parent.mkdir(exist_ok=True)
        workspace.write_atomically(path, lambda temporary: _save(values, temporary))
        workspace.write_json(self._record(name), made | {"sha256": sha256(path), "created": workspace.now()})

    def remove(self, name: str) -> None:
        """Raises: StoreError if there is none."""
        if name not in self:
            raise StoreError(f"There is no added column {name}; there are: {', '.join(self) or 'none'}.")
        self._record(name).unlink()
        self._values(name).unlink(missing_ok=True)

    @property
    def stamp(self) -> str:
        """Something that changes whenever a column comes, goes or is replaced."""
        records = [self._record(name) for name in self]
        return " ".join(f"{path.name} {path.stat().st_mtime_ns}" for path in records)

    def _values(self, name: str) -> Path:
        return self.folder / f"{name}.npy"  # type: ignore[operator]

    def _record(self, name: str) -> Path:
        return self.folder / f"{name}.json"  # type: ignore[operator]


def _save(values: np.ndarray, path: Path) -> None:
    with path.open("wb") as file:  # np.save would add an ending to the temporary name
        np.save(file, np.ascontiguousarray(values, np.float32), allow_pickle=False)
