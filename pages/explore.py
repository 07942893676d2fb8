"""Explore: one example at a time, and why each token is kept or dropped."""

import streamlit as st

from xtf.ui import explore, loaders, samples, state
from xtf.ui.frame import page

with page("Explore", "Read your data as the model does: what each token scores, and why it is kept or dropped.") as run:
    table, verdicts = loaders.table(run), loaders.verdicts(run, state.thresholds())
    rows = samples.controls(table, loaders.by_example(run, state.thresholds()))
    if rows.empty:
        st.info("No example fits. Change the search.", icon=":material/info:")
    else:
        explore.example(run, table, verdicts, samples.choose(rows))
