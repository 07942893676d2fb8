"""Score: data, model, start."""

import streamlit as st

from xtf import jobs
from xtf.ui import jobs_view, preview, score_form, score_run
from xtf.ui.frame import cards, frame, told

with frame("Score", "Give every response token its three scores, in one pass of the model that you will fine-tune."):
    jobs_view.watch(score_run.running, "score-progress")
    score_run.latest()
    form, panel = cards("score", [1, 1], gap="large")
    with form:
        st.subheader("Data", anchor=False)
        score_form.data_section()
        with st.expander("Template and lengths"):
            score_form.text_section()
        st.subheader("Model", anchor=False)
        score_form.model_section()
    with panel, told():
        if missing := score_form.complete():
            st.info(missing, icon=":material/info:")
        else:
            chosen = score_form.chosen()
            st.subheader("What will be trained", anchor=False)
            with told():
                preview.section(chosen)
            st.subheader("Run", anchor=False)
            score_run.buttons(chosen, score_run.name_field(chosen))
    ended = [job for job in jobs.list_jobs() if job.state != "running"]
    if ended:
        st.subheader("Earlier jobs", anchor=False)
        jobs_view.history(ended[:10])
