"""Shards: Arrow IPC files of consecutive scored examples, each with its checksum beside it.

They are memory-mapped, and `pyarrow`, `datasets` and `pandas` open them. A row is an example; a list column of T
entries holds one number per token.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from xtf import workspace
from xtf.digests import sha256
from xtf.errors import StoreError

MENDING = "Run the same score command again: it scores only what is damaged."
_EXTENT = b"xtf.extent"


@dataclass(frozen=True)
class Extent:
    """The first shards of a run, as far as a table of token types goes."""

    shards: int
    examples: int
    bytes: int


class Shards(Sequence[pa.Table]):
    """The first `count` shards in a folder. Each is mapped anew when it is asked for: to hold thousands open would cost
    seconds and file handles."""

    def __init__(self, folder: Path, count: int):
        self._folder, self._count = folder, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self._count:
            raise IndexError(index)
        return mapped(self._folder / f"{index:05}.arrow")

    def sizes(self) -> dict[int, int]:
        """Bytes of each shard that has its checksum beside it, without opening any."""
        with os.scandir(self._folder) as entries:
            files = {entry.name: entry for entry in entries}
        return {index: files[name].stat().st_size for index in range(self._count)
                if (name := f"{index:05}.arrow") in files and f"{index:05}.json" in files}

    def states(self) -> list[str]:
        """Something about each shard that changes whenever its file does."""
        paths = [self._folder / f"{index:05}.arrow" for index in range(self._count)]
        return [f"{path.name} {status.st_size} {status.st_mtime_ns}" for path in paths for status in [path.stat()]]


def write_shard(path: Path, table: pa.Table) -> None:
    """The file, then its checksum, without which it does not count. Raises: StoreError when the disk is full; nothing
    half-written stays."""
    workspace.write_atomically(path, lambda temporary: write_ipc(table, temporary))
    workspace.write_json(path.with_suffix(".json"), {"sha256": sha256(path), "examples": table.num_rows})


def is_whole(shard: Path) -> bool:
    """Whether its checksum was written and still holds."""
    try:
        return bool(workspace.read_json(shard.with_suffix(".json"))["sha256"] == sha256(shard))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def examples_in(shard: Path) -> int:
    """As noted beside it. Raises: StoreError if that is gone."""
    try:
        return int(workspace.read_json(shard.with_suffix(".json"))["examples"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{shard} has lost its checksum. {MENDING}") from error


def reaching(types: pa.Table, extent: Extent) -> pa.Table:
    """The table of token types with a note of how far it goes."""
    return types.replace_schema_metadata({_EXTENT: json.dumps(asdict(extent))})


def extent_of(types: pa.Table) -> Extent:
    """That note. Raises: ArrowInvalid if there is none."""
    try:
        return Extent(**json.loads(types.schema.metadata[_EXTENT]))
    except (TypeError, KeyError, ValueError) as error:
        raise pa.ArrowInvalid("a table of token types does not say how far it goes") from error


def mapped(path: Path) -> pa.Table:
    """An Arrow file, memory-mapped."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def write_ipc(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
