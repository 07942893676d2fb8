"""An export is there as a whole or not at all, whenever a process is killed.

    PARENT/OUT                 the earlier export, or the new one
    PARENT/.xtf-DIGEST/        beside it while one is being written; DIGEST is of OUT's name, which may be of any length
                      lock     held by the process that writes
                      new      what it writes
                      old      the earlier export, between two renames, on disks that cannot exchange two folders
What a killed process leaves there is cleared by the next export to the same OUT.
"""

import contextlib
import ctypes
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

from xtf import workspace
from xtf.errors import StoreError
from xtf.export.place import refuse_taken

_TRIES = 20  # when another process clears the shared folder away at the moment we come
_PATIENCE = 0.2  # seconds
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux
_RENAME_SWAP = 2  # macOS


@contextlib.contextmanager
def building(out: Path, overwrite: bool) -> Iterator[Path]:
    """An empty folder to fill and then to `publish`. When the block is left, whatever stands beside `out` is cleared.

    Raises: StoreError if `out` is taken or being written by another process; OSError.
    """
    made = [folder for folder in (out.parent, *out.parent.parents) if not folder.exists()]
    try:
        with _claimed(out) as beside:
            _put_back(beside, out)
            _clear(beside, out)
            refuse_taken(out, overwrite)
            (beside / "new").mkdir()
            try:
                yield beside / "new"
            finally:
                _clear(beside, out)
    finally:
        with contextlib.suppress(OSError):  # until one has something in it
            for folder in made:
                folder.rmdir()


def publish(folder: Path, out: Path, overwrite: bool) -> None:
    """Puts the finished `folder` of `building` into the place of `out`; on the disk before it is seen.

    Raises: StoreError if `out` has been taken meanwhile; OSError. `out` is then as it was.
    """
    _onto_disk(folder)
    refuse_taken(out, overwrite)
    if not out.exists():
        os.rename(folder, out)
    elif not exchange(folder, out):
        _replace(folder, out)
    _sync_folder(out.parent)


def exchange(one: Path, other: Path) -> bool:
    """Swaps two folders in one step, so that there is no moment without either. False where this cannot be done."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, ctypes.c_uint(_RENAME_SWAP)) == 0)
        here = ctypes.c_int(_AT_FDCWD)
        return bool(library.renameat2(here, names[0], here, names[1], ctypes.c_uint(_RENAME_EXCHANGE)) == 0)
    except (AttributeError, OSError, TypeError):  # a C library without it, or none
        return False


def _replace(folder: Path, out: Path) -> None:
    """In two steps. Killed between them, the next export to `out` puts the earlier one back."""
    earlier = folder.with_name("old")
    os.rename(out, earlier)
    try:
        os.rename(folder, out)
    except BaseException:
        _put_back(folder.parent, out)
        raise


def _put_back(beside: Path, out: Path) -> None:
    if (beside / "old").exists() and not os.path.lexists(out):
        os.rename(beside / "old", out)


@contextlib.contextmanager
def _claimed(out: Path) -> Iterator[Path]:
    """The folder beside `out`, of this process alone. Raises: StoreError if it is another's; OSError."""
    beside = out.parent / f".xtf-{hashlib.sha256(os.fsencode(out.name)).hexdigest()[:16]}"
    lock = _locked(beside, out)
    try:
        yield beside
    finally:
        # Still locked: whoever waits for the lock finds that its file is gone, and begins anew.
        (beside / "lock").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            beside.rmdir()
        lock.release()


def _locked(beside: Path, out: Path) -> filelock.BaseFileLock:
    for _ in range(_TRIES):
        beside.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(beside / "lock", timeout=_PATIENCE)
        try:
            lock.acquire()
        except FileNotFoundError:  # cleared away since
            continue
        except filelock.Timeout:
            break
        return lock
    raise StoreError(f"{out} is being written by another process: wait for it, or choose another folder.")


def _clear(beside: Path, out: Path) -> None:
    workspace.remove_folder(beside / "new")
    if os.path.lexists(out):  # else the earlier export is all there is
        workspace.remove_folder(beside / "old")


def _onto_disk(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Makes its names last. Not every kind of disk has that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
