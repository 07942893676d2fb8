"""One example of a run on its own text, with the thresholds that judge it."""

import streamlit as st

from xtf import strategies
from xtf.explain import summary_sentence
from xtf.figures.tokens import payload
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.store import ScoreTable
from xtf.ui import alternatives, frame, loaders, state, thresholds_form
from xtf.ui.token_view import downloads, token_view
from xtf.words import count, escaped, percent

#: Tokens of a run up to which the legend's threshold can be dragged here: to lay out all settings of a larger run
#: takes many seconds, once a server. The page Thresholds does it for any.
LIVE = 10_000_000


def _said(run: Run, table: ScoreTable, verdicts: Verdicts, index: int) -> None:
    """What becomes of the example, in a sentence and in numbers."""
    st.markdown(f"**{escaped(summary_sentence(table, verdicts, index))}**")
    row = loaders.by_example(run, verdicts.thresholds).iloc[index]
    if row["trainable"]:
        st.caption(f"Kept {count(row['kept'])} of {count(row['trainable'])} response tokens "
                   f"({percent(row['kept_share'])}) · loss {row['loss']:.3f} nats a token · perplexity "
                   f"{row['perplexity']:.4g} · {count(row['tokens'])} tokens in all",
                   help="Loss and perplexity are the base model's, over all response tokens.")


def example(run: Run, table: ScoreTable, verdicts: Verdicts, index: int) -> None:
    """The token view of one example, then what decides its colours."""
    _said(run, table, verdicts, index)
    view, below = st.container(), st.container(horizontal=True, vertical_alignment="center")
    with below:
        others = alternatives.shown(run, index)
    with view:
        live = int(table.offsets[-1]) <= LIVE
        found = payload(table.example(index), verdicts, table, run_id=run.manifest.run_id if live else "",
                        alternatives=others)
        token_view(found, key=f"tokens-{run.manifest.run_id}", moved=thresholds_form.move if live else None,
                   decided=state.decide)
    with below:
        downloads(found, f"{run.name}-{table.example_ids[index]}")
    with st.container(border=True):
        st.markdown(f"**Thresholds now** · preset {escaped(state.preset())}"
                    f"{'' if state.unchanged() else ', changed'}")
        told = strategies.told(verdicts.thresholds)
        for cell, (name, words) in zip(st.columns(len(told)), told, strict=True):
            cell.caption(name)
            cell.markdown(escaped(words))
        frame.link(frame.THRESHOLDS, "Move the cutoffs")
        st.caption("Dropped means *uninformative for this model and task*, not *wrong*: novelty keeps whatever "
                   "surprises the model, errors too.")
