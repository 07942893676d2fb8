"""All runs: which there are, switch, resume, delete."""

import hashlib

import pandas as pd
import streamlit as st

from xtf import jobs, runs
from xtf.store import Manifest
from xtf.ui import frame, state, unfinished
from xtf.words import escaped, short


def runs_list() -> None:
    """The runs in the workspace, unfinished ones too, and what can be done with the one that is selected."""
    st.subheader("Runs", anchor=False)
    found = runs.list_runs()
    names = [manifest.name for manifest in found]
    key = "runs-" + hashlib.blake2b("\0".join(names).encode(), digest_size=8).hexdigest()
    selection = st.dataframe(_shown(found), key=key, on_select="rerun", selection_mode="single-row", hide_index=True,
                             alt="Runs in the workspace", column_config=_COLUMNS)
    rows = selection["selection"]["rows"]
    if rows and rows[0] < len(found):
        _actions(found[rows[0]])
    else:
        st.caption("Select a run to show, resume or delete it.")


_COLUMNS = {
    "run": st.column_config.TextColumn("Run"),
    "model": st.column_config.TextColumn("Model", help="The base model that scored it."),
    "data": st.column_config.TextColumn("Data", help="Where the examples came from."),
    "examples": st.column_config.NumberColumn("Examples", format="localized"),
    "trainable": st.column_config.NumberColumn("Response tokens", format="localized"),
    "state": st.column_config.TextColumn("State", help="An unfinished run can be resumed."),
    "created": st.column_config.DatetimeColumn("Created (UTC)", format="YYYY-MM-DD HH:mm"),
}


def _shown(found: list[Manifest]) -> pd.DataFrame:
    return pd.DataFrame([{
        "run": manifest.name, "model": short(manifest.model.get("name", "?")),
        "data": short(str(manifest.settings.get("data", "?"))),
        "examples": manifest.counts.get("examples"), "trainable": manifest.counts.get("trainable"),
        "state": unfinished.scored(manifest),
        "created": pd.to_datetime(manifest.created[:19] or None)} for manifest in found], columns=list(_COLUMNS))


def _actions(manifest: Manifest) -> None:
    with st.container(horizontal=True):
        run = runs.open_run(manifest.name)
        if run.complete or run.partial:
            st.button("Show this run", type="primary", disabled=manifest.name == state.run_name(),
                      on_click=state.choose_run, args=(manifest.name,))
        if not run.complete and st.button("Resume scoring", type="secondary" if run.partial else "primary",
                                          disabled=bool(jobs.running()) or unfinished.being_scored(run)):
            unfinished.resume(manifest)
        if st.button("Delete …", icon=":material/delete:"):
            _delete(manifest.name)


@st.dialog("Delete this run?")
def _delete(name: str) -> None:
    st.text(name)
    st.write("Its scores are removed from the disk. The data and the exports made from it stay.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel"):
            st.rerun()
        if st.button("Delete", type="primary", icon=":material/delete:"):
            with frame.told():
                runs.delete_run(name)
                st.toast(escaped(f"Run {name} is deleted."), icon=":material/delete:")
                if state.run_name() == name:
                    state.choose_run(None)
                st.rerun()
