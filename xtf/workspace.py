"""Where XTF keeps things: `$XTF_HOME`, else `~/.xtf`. Also the one way in which a file is put on disk."""

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from xtf.errors import SettingsError, StoreError


def home() -> Path:
    return Path(os.environ.get("XTF_HOME") or Path.home() / ".xtf").expanduser()


def expanded(name: Path | str) -> Path:
    """A path as a person writes it, ~ and ~somebody included; ~nobody is the name of a file like any other."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def runs_dir() -> Path:
    return home() / "runs"


def jobs_dir() -> Path:
    return home() / "jobs"


def models_dir() -> Path:
    return home() / "models"


def checked_name(name: str) -> str:
    """A name that is safe as a folder name; anything else is refused, never repaired in silence."""
    if not re.fullmatch(r"[\w][\w.\- ]{0,79}", name) or name != name.strip():
        raise SettingsError(
            f"{name!r} cannot be a name here: use up to 80 letters, digits, dots, dashes and underscores, "
            "starting with a letter or a digit.")
    return name


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Lets `write` fill a temporary neighbour of `path`, then renames it. A reader sees the old file or the new one.

    Raises: StoreError when the disk is full or the folder cannot be written; the temporary file is gone by then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    except OSError as error:
        raise disk_error(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise disk_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Removes what can be removed of a folder. A stop that comes meanwhile takes effect when that is done."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None  # Python closes a folder twice where the stop comes just after it
        raise


def disk_error(path: Path, error: OSError) -> StoreError:
    """The sentence for a write that failed."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    return StoreError(f"{path} could not be written ({error.strerror or error}). Check the folder's permissions.")


def disk_full(path: Path) -> StoreError:
    """The sentence for a write that found no room."""
    return StoreError(f"The disk is full: {path} could not be written. Free some space and run the command again.")


def write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=True, sort_keys=False)
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def now() -> str:
    """The present moment as records hold it: ISO 8601 in UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def size(number: float) -> str:
    """Bytes: `1234567` → `1.2 MB`."""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
