"""Runs in the workspace: Arrow shards of scored examples, the table of token types, and a manifest written last.

    runs/NAME/settings.json     what was asked for, and the run's id; written first
    runs/NAME/shards/00000.arrow, 00000.json   scored examples, and their checksum; the .json is written last
    runs/NAME/partial.arrow     token types of the first shards, while the run is unfinished
    runs/NAME/types.arrow       one row per token type in use
    runs/NAME/manifest.json     the run is complete exactly when this exists
    runs/NAME/columns/          what was added later (`xtf.added`)
    runs/NAME/flat/             flat arrays of a large run, derived and made when needed
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock
import pyarrow as pa

from xtf import workspace
from xtf.added import Added
from xtf.errors import StoreError
from xtf.flat import Flat, stamp
from xtf.ranks import ROUNDING
from xtf.shards import (
    MENDING,
    Extent,
    Shards,
    examples_in,
    extent_of,
    is_whole,
    mapped,
    reaching,
    write_ipc,
    write_shard,
)
from xtf.store import Manifest, ScoreTable

FLAT_FROM = 1 << 28  # bytes of shards; flat arrays of smaller runs are made in a second
_FLAT = "1"  # to be raised when flat arrays of the same name come to hold something else
#: Relative spacing of the numbers of shorter formats.
_ROUNDING = {"bfloat16": 2.0**-8, "float16": 2.0**-11}
_PATIENCE = 0.5  # seconds: a page that only looks whether a run is locked holds it for an instant


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
        """What is known of the run; of an unfinished one, what was asked for. Raises: StoreError if it is damaged."""
        if not self.complete:
            return _asked(self)
        try:
            return Manifest(**workspace.read_json(self.path / "manifest.json"))
        except (ValueError, TypeError) as error:
            raise StoreError(f"Run {self.name} is damaged: its manifest.json cannot be read. {MENDING}") from error

    @property
    def partial(self) -> Extent | None:
        """What can be browsed of an unfinished run; None when it is finished, or when nothing can be yet."""
        if self.complete:
            return None
        try:
            return extent_of(mapped(self.path / "partial.arrow"))
        except (OSError, pa.ArrowInvalid):
            return None

    @property
    def _rounding(self) -> float:
        return _ROUNDING.get(str(self.manifest.settings.get("dtype")), ROUNDING)

    def table(self) -> ScoreTable:
        """The scored tokens, memory-mapped; of an unfinished run, those up to its last checkpoint.

        Raises: StoreError if there is no checkpoint yet, or a shard is missing, cut off or known to be damaged.
        """
        path = self.path / ("types.arrow" if self.complete else "partial.arrow")
        if not self.complete and not path.is_file():
            raise StoreError(f"Nothing of run {self.name} is scored yet: wait for its first numbers, or run the same "
                             "score command again to resume it.")
        try:
            types = mapped(path)
            extent = extent_of(types)
            self._check(extent)
            return ScoreTable(self._shards(extent), types, self._flat(extent), self._rounding, self.added)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"Run {self.name} is damaged ({error}). {MENDING}") from error

    @property
    def added(self) -> Added:
        """Columns that a finished run got later; an unfinished one has none, since its tokens still grow."""
        return Added(self.path / "columns" if self.complete else None)

    def _flat(self, extent: Extent) -> Flat:
        """Where flat arrays of these shards are kept: beside a large run, in memory for a small one."""
        if extent.bytes < FLAT_FROM:
            return Flat()
        return Flat(self.path / "flat" / stamp([_FLAT, self.manifest.run_id, *self._shards(extent).states()]))

    def _shards(self, extent: Extent) -> Shards:
        return Shards(self.path / "shards", extent.shards)

    @property
    def unfinished(self) -> str | None:
        """How much of an unfinished run can be browsed, in a sentence; None of a finished one."""
        if self.complete:
            return None
        known, total = self.partial, self.manifest.counts.get("examples", 0)
        scored = f"{known.examples:,} of {total:,} examples" if known else "nothing that can be shown"
        return f"Run {self.name} is unfinished: {scored} so far. The same score command resumes it."

    @property
    def whole(self) -> bool:
        """Whether nothing of a finished run is missing, cut off or known to be damaged, as far as a glance tells."""
        try:
            self._check(extent_of(mapped(self.path / "types.arrow")))
        except (OSError, pa.ArrowInvalid, StoreError):
            return False
        return True

    def _check(self, extent: Extent) -> None:
        """Raises: StoreError unless the shards are all there, at their full length. Milliseconds for thousands."""
        found = self._shards(extent).sizes()
        if len(found) < extent.shards or sum(found.values()) != extent.bytes:
            raise StoreError(f"Run {self.name} is damaged: of {extent.shards} shards some are missing, cut off or "
                             f"known to be damaged. {MENDING}")

    def verify(self) -> None:
        """Compares every shard of `table` with its checksum: about a second for each gigabyte.

        Raises: StoreError if some do not hold what was scored. Their checksums are removed then, so that the run can no
        longer be read, and the same score command scores just these again.
        """
        extent = extent_of(mapped(self.path / "types.arrow")) if self.complete else self.partial
        with ThreadPoolExecutor() as pool:
            whole = list(pool.map(self.has_shard, range(extent.shards if extent else 0)))
        damaged = [index for index, good in enumerate(whole) if not good]
        for index in damaged:
            self._shard(index).with_suffix(".json").unlink(missing_ok=True)
        if damaged:
            raise StoreError(f"Run {self.name} is damaged: {len(damaged)} of {len(whole)} shards do not hold what was "
                             f"scored. {MENDING}")

    def shard(self, index: int) -> pa.Table:
        """A whole shard, memory-mapped."""
        return mapped(self._shard(index))

    def _shard_files(self) -> list[Path]:
        return sorted((self.path / "shards").glob("*.arrow"))

    def _shard(self, index: int) -> Path:
        return self.path / "shards" / f"{index:05}.arrow"

    def has_shard(self, index: int) -> bool:
        """Whether shard `index` is whole: its checksum was written and still holds."""
        return is_whole(self._shard(index))

    def write_shard(self, index: int, table: pa.Table) -> None:
        """Raises: StoreError when the disk is full; nothing half-written stays."""
        write_shard(self._shard(index), table)

    def checkpoint(self, types: pa.Table, shards: int) -> None:
        """Makes the first `shards` shards browsable before the run is finished; `types` are the token types in them.

        It is one file, so that a kill never leaves two that disagree. Raises: StoreError when the disk is full.
        """
        self._write_types("partial.arrow", types, shards)

    def finish(self, types: pa.Table, manifest: Manifest) -> None:
        """Writes the table of types, then the manifest, which makes the run complete."""
        self._write_types("types.arrow", types, len(self._shard_files()))
        workspace.write_json(self.path / "manifest.json", asdict(manifest))
        (self.path / "partial.arrow").unlink(missing_ok=True)
        self.table().prepare()  # so that a large run opens at once

    def _write_types(self, name: str, types: pa.Table, shards: int) -> None:
        extent = self._extent(shards)
        told = reaching(types, extent)
        workspace.write_atomically(self.path / name, lambda temporary: write_ipc(told, temporary))

    def _extent(self, shards: int) -> Extent:
        """What the first `shards` shards hold. Only those since the last checkpoint are looked up."""
        known = self.partial
        if known is None or known.shards > shards:
            known = Extent(0, 0, 0)
        paths = [self._shard(index) for index in range(known.shards, shards)]
        return Extent(shards, known.examples + sum(examples_in(path) for path in paths),
                      known.bytes + sum(path.stat().st_size for path in paths))

    def tidy(self) -> None:
        """Clears away what a killed process left half-written, and the mark of completeness of a damaged run. For the
        holder of the lock only."""
        for stale in self.path.rglob(".writing-*"):
            stale.unlink(missing_ok=True)
        (self.path / "manifest.json").unlink(missing_ok=True)

    def discard_if_empty(self) -> None:
        """Removes a run that failed before its first shard was whole."""
        if not any((self.path / "shards").glob("*.json")):
            workspace.remove_folder(self.path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process scores a run at a time. Raises: StoreError for the second one."""
        try:
            with filelock.FileLock(self.path / ".lock", timeout=_PATIENCE):
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
    refuse_other(manifest)
    return run


def refuse_other(manifest: Manifest) -> None:
    """Raises: StoreError where a run of that name is of other data, model or settings, is being scored by another
    process, or does not say any more what it is."""
    run = Run(workspace.runs_dir() / workspace.checked_name(manifest.name))
    if not (run.path / "settings.json").is_file():
        return
    if _asked(run).run_id != manifest.run_id:
        raise StoreError(f"A run called {run.name} exists with other data, model or settings: choose another --run "
                         f"name, or delete it with `xtf runs --delete {run.name}`.")
    with run.locked():
        pass


def _asked(run: Run) -> Manifest:
    """What a run was asked to be, finished or not."""
    try:
        return Manifest(**workspace.read_json(run.path / "settings.json"))
    except (ValueError, TypeError) as error:
        raise StoreError(f"Run {run.name} is damaged: its settings.json cannot be read. Delete it with "
                         f"`xtf runs --delete {run.name}` and score again.") from error


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
        except (OSError, StoreError):
            continue
    return sorted(manifests, key=lambda manifest: manifest.created, reverse=True)


def delete_run(name: str) -> None:
    """Removes a run's folder. Raises: StoreError if there is none or it is being scored."""
    run = open_run(name)
    with run.locked():
        shutil.rmtree(run.path)
