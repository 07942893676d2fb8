"""On the Export page: the exports that were prepared before, how much room they take, and the way to be rid of them."""

import contextlib
import shutil
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from xtf import jobs, workspace
from xtf.errors import StoreError
from xtf.export.record import RECORD
from xtf.ui import frame
from xtf.ui.export_choice import FORMATS, place
from xtf.words import count, escaped
from xtf.workspace import size

_LISTED = 10


class Prepared(NamedTuple):
    """One finished export in the workspace."""

    folder: Path
    bytes: int
    made: float  # seconds since the epoch
    said: str  # format and counts, escaped for Markdown


def found() -> list[Prepared]:
    """All finished exports, newest first. One whose record cannot be read is listed, too: it can be deleted."""
    made = []
    for path in place().glob(f"*/{RECORD}"):
        if not path.parent.name.startswith("."):
            with contextlib.suppress(FileNotFoundError):  # another page deletes it
                made.append(_read(path.parent))
    return sorted(made, key=lambda one: one.made, reverse=True)


def delete(folders: Sequence[Path]) -> None:
    """Removes exports. Raises: StoreError if a folder is none of ours or cannot be removed."""
    for folder in folders:
        if folder.parent != place() or not (folder / RECORD).is_file():
            raise StoreError(f"{folder.name} is no finished export of this workspace, so it is not deleted.")
        try:
            (folder / RECORD).unlink()  # first: what is half removed is no export
            shutil.rmtree(folder)
        except OSError as error:
            raise workspace.disk_error(folder, error) from error


def shelf(present: Path | None) -> None:
    """The list, tucked away; nothing where there is none. `present`: the export that the page is about."""
    exports = found()
    if not exports:
        return
    total = size(sum(one.bytes for one in exports))
    with st.expander(f"Prepared exports: {count(len(exports))}, {total}", icon=":material/inventory_2:"):
        for one in exports[:_LISTED]:
            _row(one, one.folder == present)
        if len(exports) > _LISTED:
            st.caption(f"The newest {_LISTED} are listed.")
        if len(exports) > 1 and st.button(f"Delete all {count(len(exports))} …", key="export.delete-all",
                                          icon=":material/delete_sweep:"):
            _confirm(exports)


def _row(one: Prepared, present: bool) -> None:
    words, button = st.columns([5, 1], vertical_alignment="center")
    mark = " · **this one**" if present else ""
    words.markdown(f"**{escaped(one.folder.name)}**{mark}  \n{one.said}, {size(one.bytes)}, {age(one.made)}")
    if button.button("Delete …", key=f"export.delete.{one.folder.name}", icon=":material/delete:", width="stretch",
                     help=f"Removes {escaped(one.folder.name)} from the disk, after you say so once more."):
        _confirm([one])


@st.dialog("Delete from the disk?")
def _confirm(exports: Sequence[Prepared]) -> None:
    for one in exports[:_LISTED]:
        st.text(one.folder.name)
    if len(exports) > _LISTED:
        st.write(f"and {count(len(exports) - _LISTED)} more.")
    it = "it" if len(exports) == 1 else "each"
    st.write(f"Frees {size(sum(one.bytes for one in exports))}. The run stays, so that {it} can be prepared again.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel"):
            st.rerun()
        if st.button("Delete", type="primary", icon=":material/delete:", disabled=_busy(exports),
                     help="A job works on one of them." if _busy(exports) else None):
            with frame.told():
                delete([one.folder for one in exports])
                st.rerun()


def _busy(exports: Sequence[Prepared]) -> bool:
    names = {str(one.folder) for one in exports}
    return any(names & set(job.argv) for job in jobs.running())


def _read(folder: Path) -> Prepared:
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    made = (folder / RECORD).stat().st_mtime
    try:
        record = workspace.read_json(folder / RECORD)
        said = f"{FORMATS[record['format']][0]}, {count(record['counts']['examples'])} examples"
    except (OSError, ValueError, KeyError, TypeError):
        said = "cannot be read"
    return Prepared(folder, total, made, escaped(said))


def age(made: float) -> str:
    """`just now`, `12 min ago`, `3 h ago`, `5 days ago`."""
    seconds = max(0.0, datetime.now(timezone.utc).timestamp() - made)
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min ago"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h ago"
    return f"{seconds / 86400:.0f} days ago"
