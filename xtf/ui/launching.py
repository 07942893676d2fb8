"""What forms that start long work share: the button with the command line beside it, and settings from a YAML file."""

from collections.abc import Sequence

import streamlit as st

from xtf import jobs
from xtf.errors import SettingsError
from xtf.ui import commands, frame


def started(key: str, argv: Sequence[str], label: str, why_not: str, before: str) -> bool:
    """Draws the button, what to know before it is pressed (Markdown), and the command line. Whether the job was started
    just now. Raises: JobError, StoreError."""
    left, right = frame.cards(f"{key}-start", [1, 2], vertical_alignment="center")
    pressed = left.button("Start", type="primary", icon=":material/play_arrow:", key=f"{key}.start", width="stretch",
                          disabled=bool(why_not), help="Runs in the background: you may close this page.")
    right.caption(before)
    st.caption("The same on the command line")
    st.code(commands.shown(argv), language="bash", wrap_lines=True)
    if pressed:
        jobs.start(argv, label)
    return pressed


def yaml_given(key: str, placeholder: str, help: str | None = None) -> str | None:
    """Two ways to hand over YAML; its text once "Use these" is pressed. Raises: SettingsError for what is no text."""
    file = st.file_uploader("YAML file", ["yaml", "yml"], max_upload_size=1, key=f"{key}.file")
    pasted = st.text_area("Or paste YAML", key=f"{key}.pasted", height=110, placeholder=placeholder)
    if not st.button("Use these", disabled=not (file or pasted.strip()), key=f"{key}.use", help=help):
        return None
    return _decoded(file.getvalue()) if file else str(pasted)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError("This file is no text in UTF-8: open one that XTF wrote, or save it as UTF-8.") from error
