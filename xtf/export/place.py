"""Where an export may go, and where not: told in a sentence before any work is done."""

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path

from xtf import workspace
from xtf.errors import SettingsError, StoreError
from xtf.export.record import RECORD

EMBEDDED = ("demo", "humaneval")  # data that is no file
#: Control characters, which break sentences and logs, and bytes that are no text.
_UNSPEAKABLE = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")


def resolved(out: Path | str) -> Path:
    """The folder that is meant, absolute and without links. Raises: SettingsError for a name that cannot be one;
    StoreError where the disk has no such place."""
    if _UNSPEAKABLE.search(str(out)):
        raise SettingsError(f"{str(out)!r} cannot be the name of an export: leave out line ends and other control "
                            "characters.")
    try:
        folder = Path(out).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # links in a circle, or the home of nobody
        raise StoreError(f"{out} is not a place on this disk ({getattr(error, 'strerror', None) or error}): choose "
                         "another folder.") from error
    _refuse_impossible(folder)
    return folder


def _refuse_impossible(folder: Path) -> None:
    """What making the folder would fail at."""
    above = next((parent for parent in folder.parents if os.path.lexists(parent)), folder)
    if not above.is_dir():
        raise StoreError(f"{above} is a file, so no folder can be put into it: choose another place.")
    for name in folder.relative_to(above).parts:
        try:
            (above / name).lstat()
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                limit = os.pathconf(above, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255
                raise StoreError(f"{name[:40]}… is too long a name, {len(os.fsencode(name))} bytes where this disk "
                                 f"takes {limit}: choose a shorter one.") from error


def refuse_sources(out: Path, sources: Iterable[str | None]) -> None:
    """Raises: StoreError where `out` would lie among what the workspace keeps, or mix with the files and folders that
    rows are read from; `sources` that are none, such as hub ids, are passed over."""
    for kept in (workspace.runs_dir(), workspace.jobs_dir(), workspace.models_dir()):
        if _within(out, kept.resolve()):
            raise StoreError(f"{out} is inside {kept}, where XTF keeps its own files: choose a folder outside it.")
    for source in sources:
        if not source or source in EMBEDDED:
            continue
        data = workspace.expanded(source).resolve()
        if os.path.exists(data) and (_within(data, out) or _within(out, data)):
            raise StoreError(f"{out} and the data in {data} lie in each other, and an export must not mix with what "
                             "rows are read from: choose another folder.")


def refuse_taken(out: Path, overwrite: bool) -> None:
    """Raises: StoreError if something is there that was not asked to be replaced, or may not be."""
    if not os.path.lexists(out):
        return
    if not overwrite:
        raise StoreError(f"{out} exists: choose another folder, or overwrite it.")
    # Whatever is there is deleted in the end, so it must be an export or nothing.
    if not out.is_dir() or (any(out.iterdir()) and not (out / RECORD).is_file()):
        raise StoreError(f"{out} is not an export, so it is not overwritten: choose another folder.")
    if os.path.ismount(out):
        raise StoreError(f"{out} is a disk of its own, which cannot be exchanged as a whole: choose a folder in it.")


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
