"""Runs in the workspace: Arrow shards of scored examples, the table of token types, and a manifest written last.

    runs/NAME/settings.json     what was asked for, and the run's id; written first
    runs/NAME/shards/00000.arrow, 00000.json   scored examples, and their checksum; the .json is written last
    runs/NAME/types.arrow       one row per token type in use
    runs/NAME/manifest.json     the run is complete exactly when this exists

Shards are Arrow IPC files: they are memory-mapped, and `pyarrow`, `datasets` and `pandas` open them.
A row is an example; a list column of T entries holds one number per token.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock
import pyarrow as pa
import pyarrow.ipc

from xtf import workspace
from xtf.errors import StoreError
from xtf.store import Manifest, ScoreTable


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def complete(self) -> bool:
        return (self.path / "manifest.json").is_file()

    @property
    def manifest(self) -> Manifest:
        """What is known of the run; of an unfinished one, what was asked for."""
        return Manifest(**workspace.read_json(self.path / ("manifest.json" if self.complete else "settings.json")))

    def table(self) -> ScoreTable:
        """The scored tokens, memory-mapped. Raises: StoreError if the run is unfinished or damaged."""
        if not self.complete:
            raise StoreError(f"Run {self.name} is not finished: run the same score command again to resume it.")
        try:
            shards = pa.concat_tables([_mapped(path) for path in self._shard_files()])
            return ScoreTable(shards, _mapped(self.path / "types.arrow"))
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"Run {self.name} is damaged ({error}): delete it and score again.") from error

    def shards(self) -> Iterator[pa.Table]:
        """The finished shards one by one, memory-mapped, in the order of the data."""
        for path in self._shard_files():
            yield _mapped(path)

    def _shard_files(self) -> list[Path]:
        return sorted((self.path / "shards").glob("*.arrow"))

    def _shard(self, index: int) -> Path:
        return self.path / "shards" / f"{index:05}.arrow"

    def has_shard(self, index: int) -> bool:
        """Whether shard `index` is whole: its checksum was written and still holds."""
        path = self._shard(index)
        try:
            return bool(workspace.read_json(path.with_suffix(".json"))["sha256"] == _sha256(path))
        except (OSError, ValueError, KeyError):
            return False

    def write_shard(self, index: int, table: pa.Table) -> None:
        """Raises: StoreError when the disk is full; nothing half-written stays."""
        path = self._shard(index)
        workspace.write_atomically(path, lambda temporary: _write_ipc(table, temporary))
        workspace.write_json(path.with_suffix(".json"), {"sha256": _sha256(path), "examples": table.num_rows})

    def finish(self, types: pa.Table, manifest: Manifest) -> None:
        """Writes the table of types, then the manifest, which makes the run complete."""
        workspace.write_atomically(self.path / "types.arrow", lambda temporary: _write_ipc(types, temporary))
        workspace.write_json(self.path / "manifest.json", asdict(manifest))

    def discard_if_empty(self) -> None:
        """Removes a run that failed before its first shard was whole."""
        if not any((self.path / "shards").glob("*.json")):
            shutil.rmtree(self.path, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process scores a run at a time. Raises: StoreError for the second one."""
        try:
            with filelock.FileLock(self.path / ".lock", timeout=0):
                yield
        except filelock.Timeout as error:
            raise StoreError(f"Run {self.name} is being scored by another process: wait for it or cancel it.") \
                from error


def identity(parts: Mapping[str, Any]) -> str:
    """Run id: a digest of data, settings, tokenizer, model and code version."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def begin(manifest: Manifest) -> Run:
    """The run of that name, made if it is new and resumed if it is the same. Raises: StoreError if the name is taken
    by a run of other data, model or settings."""
    run = Run(workspace.runs_dir() / workspace.checked_name(manifest.name))
    if not (run.path / "settings.json").is_file():
        try:
            (run.path / "shards").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise workspace.disk_error(run.path, error) from error
        workspace.write_json(run.path / "settings.json", asdict(manifest))
    elif run.manifest.run_id != manifest.run_id:
        raise StoreError(f"A run called {run.name} exists with other data, model or settings: choose another --run "
                         f"name, or delete it with `xtf runs --delete {run.name}`.")
    return run


def find_finished(asked: Manifest) -> Manifest | None:
    """The manifest of a finished run with that name and id, if there is one."""
    run = Run(workspace.runs_dir() / workspace.checked_name(asked.name))
    if run.complete and run.manifest.run_id == asked.run_id:
        return run.manifest
    return None


def open_run(name: str) -> Run:
    """Raises: StoreError naming the runs that exist."""
    run = Run(workspace.runs_dir() / workspace.checked_name(name))
    if not (run.path / "settings.json").is_file():
        known = ", ".join(manifest.name for manifest in list_runs()) or "none yet: `xtf score demo` makes one"
        raise StoreError(f"There is no run called {name}; there are: {known}.")
    return run


def list_runs() -> list[Manifest]:
    """All runs, newest first, unfinished ones too. A folder that is no run is passed over."""
    manifests = []
    for folder in workspace.runs_dir().glob("*/"):
        try:
            manifests.append(Run(folder).manifest)
        except (OSError, ValueError, TypeError):
            continue
    return sorted(manifests, key=lambda manifest: manifest.created, reverse=True)


def delete_run(name: str) -> None:
    """Removes a run's folder. Raises: StoreError if there is none or it is being scored."""
    run = open_run(name)
    with run.locked():
        shutil.rmtree(run.path)


def _mapped(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _write_ipc(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
