"""The Method page: what the scores ask, what a drop means, what the paper says, and its case measured now."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from xtf import sentences
from xtf.columns import Mark
from xtf.runs import Run
from xtf.sentences import Sentence
from xtf.ui import frame, method_words, sentence
from xtf.words import QUESTIONS, SHORT, TITLES, escaped, percent, short, visible

SUM, NUMBER = "220 - 4 = 216", "216"
CUTOFF = 0.95  # the paper's


def explanation() -> None:
    """All that can be read without a run."""
    st.subheader("Three questions to each token of a response", anchor=False)
    st.markdown(method_words.IDEA)
    for name, words in method_words.SCORES.items():
        with st.container(border=True):
            left, right = frame.cards(f"method-{name}", [1, 1], vertical_alignment="center")
            left.markdown(f"**{TITLES[name]}** ({SHORT[name]}): *{QUESTIONS[name]}*")
            left.markdown(words.told)
            right.latex(words.formula)
            left.caption(words.rule)
    st.subheader("What a drop means", anchor=False)
    st.markdown(method_words.DROP)
    with st.expander("How well low scores find planted noise", icon=":material/science:"):
        st.markdown(method_words.PLANTED)
        frame.link(frame.EVIDENCE, "See it in your own workspace")
    with st.expander("What is wrong in the paper and its published code, and what XTF does about it",
                     icon=":material/rule:"):
        st.markdown(method_words.MENDED)
    with st.expander("What the paper claims", icon=":material/format_quote:"):
        st.markdown(method_words.CLAIMS)


def without_run() -> None:
    explanation()
    _live_heading()
    frame.no_run()


def live(run: Run) -> None:
    """The paper's case measured with this run's model, and a sentence of the reader's own."""
    _live_heading()
    place = st.container()
    sentence.section(run)
    with place:
        _case(run, sentences.cached(run.manifest.run_id, *sentence.CASE))


def _live_heading() -> None:
    st.subheader("Try it on one sentence", anchor=False)
    st.markdown(method_words.CASE)


def _case(run: Run, found: Sentence | None) -> None:
    name = escaped(short(str(run.manifest.model.get("name", "The model"))))
    if found is None:
        if sentence.stands_ready(run, *sentence.CASE):
            st.info(f"Press “Score it” to see what {name} says: it takes a few seconds.", icon=":material/touch_app:")
        return
    pieces = measured(found)
    if not pieces:  # cut off by the run's settings, say
        return
    listed = ", ".join(f"`{visible(piece.text)}` {percent(piece.p)}" for piece in pieces)
    if len(pieces) > 1:
        listed = (f"is {len(pieces)} tokens (positions {pieces[0].token} to {pieces[-1].token}): {listed}; together "
                  f"{percent(float(np.prod([piece.p for piece in pieces])))}")
    else:
        listed = f"is one token (position {pieces[0].token}): {listed}"
    known = all(piece.p > CUTOFF for piece in pieces)
    verdict = ("above the paper's 95 %, so novelty drops it" if known else
               "not all above the paper's 95 %, so novelty keeps what is below")
    say, icon = (st.success, ":material/check_circle:") if known else (st.info, ":material/info:")
    say(f"Measured with {name}: in `{SUM}` the number `{NUMBER}` {listed}. That is {verdict}.", icon=icon)


@dataclass(frozen=True)
class Piece:
    """A token of the number. `token` counts from 0 in the example; p as the base model gives it."""

    token: int
    text: str
    p: float


def measured(found: Sentence) -> list[Piece]:
    """The tokens of the number that ends the sum in the response; none where the response does not hold it."""
    row = {name: np.asarray(found.shard[name][0].as_py()) for name in ("starts", "ends", "marks", "logprob")}
    text = found.shard["text"][0].as_py()
    response = (row["marks"] & Mark.RESPONSE) != 0
    for at in _places(text):
        begin, end = at + len(SUM) - len(NUMBER), at + len(SUM)
        tokens = np.flatnonzero((row["starts"] < end) & (row["ends"] > begin))
        if len(tokens) and response[tokens].all():
            return [Piece(int(token), text[row["starts"][token]:row["ends"][token]],
                          float(np.exp(np.float64(row["logprob"][token])))) for token in tokens]
    return []


def _places(text: str) -> list[int]:
    return [at for at in range(len(text)) if text.startswith(SUM, at)]
