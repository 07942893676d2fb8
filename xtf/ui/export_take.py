"""Step 3 of the Export page: the command line, the button that prepares the export, and the finished folder."""

from typing import Any

import streamlit as st

from xtf import export as exporting
from xtf.export.record import read_record
from xtf.ui import asked, commands, downloads, export_other
from xtf.ui.export_choice import IN_TOKENS, Choice
from xtf.words import count, escaped, percent
from xtf.workspace import size


def take(chosen: Choice, why_not: str) -> bool:
    """Draws the step; `why_not` is what stands against it. Whether the export is there."""
    st.subheader("3 · Take it", anchor=False)
    if chosen.ready:
        _ready(chosen)
    else:
        _prepare(chosen, why_not)
    st.caption("The same on the command line")
    st.code(commands.shown(chosen.argv(f"{chosen.run.name}-{chosen.settings.format}")), language="bash",
            wrap_lines=True)
    return chosen.ready


def _prepare(chosen: Choice, why_not: str) -> None:
    argv = [*chosen.argv(chosen.folder), "--overwrite"]
    if asked.waiting(argv, "export-progress"):
        return
    if why_not:
        st.button("Prepare", icon=":material/inventory_2:", disabled=True, key="export.prepare")
        st.caption(f":material/block: {why_not}")
        return
    if st.button("Prepare", type="primary", icon=":material/inventory_2:", key="export.prepare",
                 help="Writes the export into the workspace and reads it back."):
        if not chosen.in_page:
            asked.start(argv, f"Exporting {chosen.run.name}")
        with st.spinner("Writing and reading back …"):
            exporting.write(chosen.run, chosen.thresholds, chosen.settings, chosen.folder, overwrite=True,
                            other=chosen.other)
        st.rerun()


def _ready(chosen: Choice) -> None:
    told = read_record(chosen.folder)
    st.success(_sentence(chosen, told["counts"]), icon=":material/check_circle:")
    if chosen.other:
        export_other.report(told["carried"])
    if "conversations" in told:
        st.caption(escaped(told["conversations"]["sentence"]))
    files = [path for path in chosen.folder.rglob("*") if path.is_file()]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        total = size(sum(path.stat().st_size for path in files))
        downloads.button(f"Download the folder, {total}", chosen.folder, f"{chosen.stem}.zip", key="export.download",
                         help="A zip file: the data, its card, the record of what made it, and the recipes.")
        data = chosen.folder / exporting.FORMATS[chosen.settings.format].data
        if data.is_file():
            downloads.button(f"Only the data, {size(data.stat().st_size)}", data, f"{chosen.stem}{data.suffix}",
                             key="export.data", type="secondary")
    with st.expander("Where it is, and what made it", icon=":material/folder_open:"):
        st.code(str(chosen.folder), language=None, wrap_lines=True)
        st.json(told, expanded=1)


def _sentence(chosen: Choice, counts: dict[str, Any]) -> str:
    left_out = f" ({count(counts['left_out'])} left out)" if counts["left_out"] else ""
    what = "response tokens kept" if chosen.settings.format in IN_TOKENS else "scored response tokens trained"
    return (f"**Ready**: {count(counts['examples'])} examples{left_out}, {count(counts['kept'])} of "
            f"{count(counts['trainable'])} {what} ({escaped(percent(counts['kept_share'], 2))}). Written, read back "
            "and found identical.")
