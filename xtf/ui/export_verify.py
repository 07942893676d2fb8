"""Step 6 of the Export page: whether the folder holds what the run gives, row by row."""

from typing import Any

import pandas as pd
import streamlit as st

from xtf.export.record import RECORD
from xtf.ui import asked, commands
from xtf.ui.export_choice import Choice
from xtf.words import escaped, excerpt


def verify(chosen: Choice) -> None:
    """The button, the job behind it, and what that found."""
    st.subheader("6 · Verify", anchor=False)
    argv = ["verify", str(chosen.folder), "--json"]
    if not asked.waiting(argv, "export-verify"):
        job = asked.latest(argv)
        if job and job.result and job.started >= (chosen.folder / RECORD).stat().st_mtime:
            _result(job.result)
        if st.button("Compare with the run", icon=":material/fact_check:", key="export.verify",
                     help="Makes the rows anew from the run and compares them with the folder, one by one."):
            asked.start(argv, f"Verifying {chosen.folder.name}")
    st.caption("The same on the command line, for what you downloaded")
    st.code(commands.shown(["verify", chosen.stem]), language="bash", wrap_lines=True)


def _result(found: dict[str, Any]) -> None:
    """What `xtf verify` says: `xtf.export.verify`."""
    sentence = escaped(found["sentence"])
    if found["identical"]:
        st.success(sentence, icon=":material/check_circle:")
    elif found["identical"] is None:
        st.warning(sentence, icon=":material/help:")
    else:
        st.error(sentence, icon=":material/error:")
        if found["differences"]:
            st.dataframe(_differences(found["differences"]), hide_index=True, alt="The first differences")
    for note in found["notes"] if found["identical"] is not None else ():
        st.caption(escaped(note))
    for file in found["files"]:
        st.caption(f"{escaped(file['file'])}: {escaped(file['what'])}")


def _differences(found: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([{"row": one["row"], "example": one["id"], "what": one["what"], "position": one["position"],
                          "text": excerpt(one["text"] or ""), "in the folder": str(one["exported"]),
                          "from the run": str(one["recomputed"])} for one in found])
