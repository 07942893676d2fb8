"""What was worked out from files, remembered by what the file system says of them: half a gigabyte is read once.

    $XTF_HOME/digests.json   stamp of some files (path, size, times, inode) → what was worked out

Losing this file costs time and nothing else; one that cannot be read counts as lost.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from xtf import workspace
from xtf.errors import StoreError

_REMEMBERED = 500  # entries
#: A file changed so shortly ago can change again within one tick of the file system's clock, unseen.
_SETTLED_SECONDS = 2.0


def remembered(kind: str, paths: Iterable[Path], work_out: Callable[[], str]) -> str:
    """`work_out()`, or what it gave when these files were as they are now. `kind` says what is worked out."""
    files = sorted(paths)
    before = stamp(kind, files)
    if (known := _read().get(before)) is not None:
        return known
    value = work_out()
    if _settled(files):
        remember(before, value)
    return value


def stamp(kind: str, paths: Iterable[Path]) -> str:
    """What the file system says of these files, as one short text. ctime cannot be set, as mtime can."""
    told = [[str(path.absolute()), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
            for path in sorted(paths) for status in (path.stat(),)]
    return hashlib.sha256(json.dumps([kind, told]).encode()).hexdigest()


def remember(stamped: str, value: str) -> None:
    """Keeps a value under the `stamp` of its files. A full disk only means that it is worked out again."""
    entries = _read() | {stamped: value}
    with contextlib.suppress(StoreError):
        workspace.write_json(_path(), dict(list(entries.items())[-_REMEMBERED:]))


def sha256(path: Path) -> str:
    """Of a file's content, as hex."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _settled(paths: list[Path]) -> bool:
    newest = max((path.stat().st_ctime for path in paths), default=0.0)
    return abs(time.time() - newest) > _SETTLED_SECONDS


def _path() -> Path:
    return workspace.home() / "digests.json"


def _read() -> dict[str, str]:
    try:
        found = workspace.read_json(_path())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}
