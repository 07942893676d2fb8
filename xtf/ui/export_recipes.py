"""Step 4 of the Export page: the files that make a trainer take the export, as they lie beside it."""

from pathlib import Path

import streamlit as st

from xtf.ui import export_choice
from xtf.ui.export_choice import Choice
from xtf.words import escaped

_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".sh": "bash"}
_RUN = {"trl": "python {path}", "transformers": "python {path}", "axolotl": "axolotl train {path}",
        "llama": "llamafactory-cli train {path}"}
_LONGEST = 200_000  # characters


def recipes(chosen: Choice) -> None:
    """The recipes of a finished export, that of the chosen trainer first."""
    files = sorted((path for path in (chosen.folder / "recipes").glob("*") if path.is_file()), key=_order)
    st.subheader("4 · Train with it", anchor=False)
    if not files:
        st.caption("There are no recipes beside this export: delete it below, and prepare it again.")
        return
    if not _is_of(files[0], export_choice.trainer().recipe):
        st.caption(f"There is no recipe for {export_choice.trainer().label} in this format; these are for others.")
    for tab, path in zip(st.tabs([escaped(path.name) for path in files]), files, strict=True):
        with tab:
            _recipe(chosen.folder, path)


def _order(path: Path) -> tuple[bool, bool, str]:
    return not _is_of(path, export_choice.trainer().recipe), path.suffix == ".md", path.name


def _is_of(path: Path, trainer: str) -> bool:
    return trainer in path.stem.lower().replace("-", "").replace("_", "")


def _recipe(folder: Path, path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    command = next((command for name, command in _RUN.items() if _is_of(path, name)), None)
    if command:
        st.caption("Run it in the export's folder, here or where you unpacked it")
        st.code(command.format(path=path.relative_to(folder)), language="bash", wrap_lines=True)
    with st.expander("Read it, or copy it", icon=":material/article:"):
        st.code(text[:_LONGEST], language=_LANGUAGES.get(path.suffix), wrap_lines=True)
