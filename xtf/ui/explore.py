"""One example of a run on its own text, with the thresholds that judge it."""

import streamlit as st

from xtf.config import ATTRIBUTES
from xtf.figures.tokens import payload
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.store import ScoreTable
from xtf.ui import frame, state
from xtf.ui.thresholds_form import described
from xtf.ui.token_view import token_view
from xtf.words import TITLES, escaped


def example(run: Run, table: ScoreTable, verdicts: Verdicts, index: int) -> None:
    """The token view of one example, then what decides its colours."""
    found = table.example(index)
    token_view(payload(found, verdicts, table), key=f"tokens-{run.manifest.run_id}")
    with st.container(border=True):
        st.markdown(f"**Thresholds now** · preset {escaped(state.preset())}"
                    f"{'' if state.unchanged() else ', changed'}")
        cells = st.columns(len(ATTRIBUTES))
        for cell, name, words in zip(cells, ATTRIBUTES, described(verdicts.thresholds), strict=True):
            cell.caption(f"{TITLES[name]} drops")
            cell.markdown(escaped(words))
        frame.link(frame.THRESHOLDS, "Move the cutoffs")
        st.caption("Dropped means *uninformative for this model and task*, not *wrong*: novelty keeps whatever "
                   "surprises the model, errors too.")
