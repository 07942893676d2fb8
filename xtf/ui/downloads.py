"""Files to take away: each has a link that nobody can guess, and the server sends it piece by piece.

`st.download_button` reads the whole file into the server's memory for every reader; a link to a route of our own
(xtf/ui/server.py) does not, and a download that broke off can go on where it stopped.
"""

import hashlib
import secrets
import unicodedata
import zipfile
from collections import OrderedDict
from collections.abc import Generator
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple
from urllib.parse import quote

import streamlit as st

from xtf import workspace
from xtf.errors import StoreError

PREFIX = "download"
LONGEST_NAME = 150  # bytes: with what browsers add for a second copy still below what file systems take
PIECE = 1 << 20  # bytes that are in memory at a time
_SENT = ("exports", "reports", "trainings")  # folders of the workspace
_LINKS = 1_000  # that are remembered; the one that was drawn longest ago goes first
_KEY = secrets.token_bytes(32)  # of this server: its links end with it
_OFFERS: "OrderedDict[str, Offer]" = OrderedDict()
_LOCK = Lock()  # pages are drawn in many threads


class Offer(NamedTuple):
    """A file or a folder as it was when its link was drawn."""

    path: Path
    name: str
    state: tuple[int, int]


def button(label: str, path: Path, name: str, *, key: str, help: str | None = None,
           type: Literal["primary", "secondary", "tertiary"] = "primary", icon: str = ":material/download:") -> None:
    """A link that looks like a button and saves `path` as `name`; a folder is saved as a zip file.

    Raises: StoreError, see `offer`.
    """
    st.link_button(label, offer(path, name), key=key, help=help, type=type, icon=icon)


def offer(path: Path, name: str) -> str:
    """The address at which the server sends the file, from the server's root on. It stays the same until the file
    changes.

    Raises: StoreError when there is no such file, or when it is in none of the folders that are sent.
    """
    real, state = _here(path)
    found = Offer(real, harmless(name), state)
    token = hashlib.blake2b(repr(found).encode(), key=_KEY, digest_size=24).hexdigest()
    with _LOCK:
        _OFFERS[token] = found
        _OFFERS.move_to_end(token)
        while len(_OFFERS) > _LINKS:
            _OFFERS.popitem(last=False)
    return "/".join(["", *base(), PREFIX, token, quote(found.name)])


def base() -> list[str]:
    """Folders of the server's address under which the dashboard lies: none, or those of `server.baseUrlPath`."""
    return [part for part in str(st.get_option("server.baseUrlPath") or "").split("/") if part]


def offered(token: str) -> Offer:
    """What a link stands for. Raises: StoreError when it is unknown, or when the file is gone or not the same."""
    with _LOCK:
        found = _OFFERS.get(token)
    if found is None:
        raise StoreError("This link is not known any more: open the page of the dashboard that had it once more.")
    if _here(found.path) != (found.path, found.state):
        raise StoreError(f"{found.name} has changed since this link was made: reload the page that has it.")
    return found


def _here(path: Path) -> tuple[Path, tuple[int, int]]:
    """The file that is really meant, links followed, and what tells it from a later one of the same name."""
    try:
        real = path.resolve(strict=True)
        status = real.stat()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise StoreError(f"{path.name} is not there any more: prepare it once more.") from error
    roots = [(workspace.home() / folder).resolve() for folder in _SENT]
    if not any(root in real.parents for root in roots):
        raise StoreError(f"{path.name} lies outside the workspace's {', '.join(_SENT)}: only these are sent.")
    return real, (status.st_mtime_ns, status.st_ino)


def harmless(name: str) -> str:
    """A name that every browser and file system takes as it is: no folders, no control or direction characters, not
    too long; its ending stays."""
    text = "".join("_" if unicodedata.category(letter)[0] == "C" or letter in '/\\:*?"<>|\u2028\u2029' else letter
                   for letter in unicodedata.normalize("NFC", name)).strip(". ")
    stem, dot, ending = text.rpartition(".") if "." in text[-10:] else (text, "", "")
    room = LONGEST_NAME - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore").strip(". ") + dot + ending or "download"


def zipped(folder: Path, root: str) -> Generator[bytes, None, None]:
    """The pieces of a zip file that holds the folder under the name `root`, made while they are taken.

    Nothing is compressed: the numbers of an export hardly would be, and it would take longer than the download.
    Links inside the folder are left out.
    """
    made = _Pieces()
    with zipfile.ZipFile(made, "w") as archive:  # type: ignore[call-overload]
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            entry = zipfile.ZipInfo.from_file(path, f"{root}/{path.relative_to(folder).as_posix()}",
                                              strict_timestamps=False)
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                while piece := source.read(PIECE):
                    target.write(piece)
                    yield made.taken()
    yield made.taken()


class _Pieces:
    """A file to write to that cannot seek, and gives away what was written."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._written.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken
