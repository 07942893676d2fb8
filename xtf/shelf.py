"""Long work under a name: a folder each, whose record says what was asked for, which the same call takes up again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

import xtf
from xtf import workspace
from xtf.errors import StoreError, TrainingError

_PATIENCE = 0.5  # seconds: a page that only looks whether something is locked holds it for an instant


@dataclass(frozen=True)
class Shelf:
    """All work of one kind. The record, written first, holds `asked` (what decides the work), `created`, `version`."""

    folder: str  # in the workspace
    record: str  # name of the record's file
    word: str  # for one piece of such work, in sentences
    makes: str  # the command that makes one
    deletes: str  # the command that deletes one, without its name

    @property
    def path(self) -> Path:
        return workspace.home() / self.folder

    def place(self, name: str) -> Path:
        """The folder of that name, there or not. Raises: SettingsError for one that cannot be a name."""
        return self.path / workspace.checked_name(name)

    def read(self, path: Path) -> dict[str, Any]:
        """The record of a folder. Raises: StoreError."""
        try:
            return dict(workspace.read_json(path / self.record))
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.word.capitalize()} {path.name} is damaged: its {self.record} cannot be read. "
                             f"Delete it with `{self.deletes} {path.name}`.") from error

    def note(self, path: Path, **what: Any) -> None:
        """Replaces parts of a record, or adds to it. Raises: StoreError."""
        workspace.write_json(path / self.record, self.read(path) | what)

    def exists(self, name: str) -> bool:
        """Whether there is one of that name. Raises: SettingsError."""
        return (self.place(name) / self.record).is_file()

    def begin(self, name: str, asked: dict[str, Any], **more: Any) -> Path:
        """The folder of that name, made if it is new and taken up again if it was asked for the same; `more` goes into
        a new record. Raises: TrainingError if the name is taken by another; SettingsError; StoreError."""
        path, asked = self.place(name), json.loads(json.dumps(asked))  # as it is read back
        if not self.exists(name):
            workspace.write_json(path / self.record, {"asked": asked, "created": workspace.now(),
                                                      "version": xtf.__version__, **more})
        elif self.read(path)["asked"] != asked:
            raise TrainingError(f"A {self.word} called {name} exists with other data, labels or settings: choose "
                                f"another --name, or delete it with `{self.deletes} {name}`.")
        return path

    def opened(self, name: str) -> Path:
        """Raises: StoreError naming those that exist."""
        if not self.exists(name):
            known = ", ".join(path.name for path in self.listed()) or f"none yet: `{self.makes}` makes one"
            raise StoreError(f"There is no {self.word} called {name}; there are: {known}.")
        return self.place(name)

    def listed(self) -> list[Path]:
        """The folders of all of them, newest first. One whose record cannot be read is passed over."""
        found = []
        for path in self.path.glob(f"*/{self.record}"):
            with suppress(StoreError, KeyError):
                found.append((self.read(path.parent)["created"], path.parent))
        return [path for _, path in sorted(found, reverse=True)]

    @contextmanager
    def locked(self, path: Path) -> Iterator[None]:
        """One process works on it at a time. Raises: TrainingError for the second one."""
        try:
            with filelock.FileLock(path / ".lock", timeout=_PATIENCE):
                yield
        except filelock.Timeout as error:
            raise TrainingError(f"{self.word.capitalize()} {path.name} is at work in another process: wait for it, or "
                                "cancel it.") from error

    def is_held(self, path: Path) -> bool:
        """Whether a process works on it now."""
        try:
            with self.locked(path):
                return False
        except (TrainingError, OSError):
            return True
