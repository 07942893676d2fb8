"""Score: data, model, start."""

import streamlit as st

from xtf.ui import jobs_view, preview, score_form, score_run
from xtf.ui.frame import cards, frame, told

with frame("Score", "Give every response token its three scores, in one pass of the model that you will fine-tune."):
    jobs_view.watch(jobs_view.progresses, "score-progress")
    score_run.latest()
    form, panel = cards("score", [1, 1], gap="large")
    with form:
        score_form.sections()
    with panel, told():
        if missing := score_form.missing():
            st.info(missing, icon=":material/info:")
        else:
            chosen = score_form.chosen()
            score_run.section(chosen)
            preview.section(chosen)
    score_run.earlier()
