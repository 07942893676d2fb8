"""Home: the current run at a glance, and what to do next."""

import streamlit as st

from xtf.ui import home, runs_view
from xtf.ui.frame import page

with page("Home", "What fine-tuning data teaches a language model, token by token.", autostart=True) as run:
    home.overview(run)
    st.subheader("Runs", anchor=False)
    runs_view.runs_list()
