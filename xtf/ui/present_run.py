"""The steps of the presentation that show the current run: nothing is computed that a page has not computed before, but
for what the thresholds make of it."""

import html
import re
from typing import NamedTuple

import numpy as np
import streamlit as st

from xtf import explain, sentences
from xtf.columns import Mark
from xtf.comparison.verdict import verdict
from xtf.figures import arms
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.store import ScoreTable
from xtf.ui import frame, home, loaders, method, plots, sentence, state
from xtf.ui.loaders import Identity
from xtf.ui.value import result_of
from xtf.value.measured import finished
from xtf.words import escaped, percent, short, visible

_AROUND = 140  # characters on either side of a token
_LARGE = 17  # pixels, for a room
_WORD = re.compile(r"\w+")


def case(run: Run) -> None:
    """The paper's 220 - 4 = 216, if the Method page has had it scored with this run's model."""
    found = sentences.cached(run.manifest.run_id, *sentence.CASE)
    pieces = method.measured(found) if found else []
    if not pieces:
        st.html(f'<p class="xtf-big">{method.SUM}</p>')
        st.markdown("Not measured with this run's model yet. Press **Score it** on the page Method, where this sum "
                    "stands ready: it takes a few seconds, and the result is shown here.")
        frame.link(frame.METHOD, "Go to Method")
        return
    name = escaped(short(str(run.manifest.model.get("name", "The model"))))
    known = all(piece.p > method.CUTOFF for piece in pieces)
    begun = html.escape(method.SUM.removesuffix(method.NUMBER))
    number = f"<s>{method.NUMBER}</s>" if known else method.NUMBER
    st.html(f'<p class="xtf-big">{begun}{number}</p>')
    together = percent(float(np.prod([piece.p for piece in pieces])))
    parts = ", ".join(f"`{visible(piece.text)}` {percent(piece.p)}" for piece in pieces)
    listed = f" ({parts})" if len(pieces) > 1 else ""
    st.markdown(f"Before any training, **{name}** gives **{method.NUMBER}** a probability of **{together}**{listed}.")
    st.markdown("That is more than the paper's 95 %: it knows the result already, so training on it teaches next to "
                "nothing, and it is left out." if known else
                "Not every part is above the paper's 95 %: this model still has something to learn from it, and it "
                "stays in.")


def example(run: Run) -> None:
    """One token that the thresholds drop, in its sentence, and why."""
    table, verdicts = loaders.table(run), loaders.verdicts(run, state.thresholds())
    token = telling(table, verdicts)
    if token is None:
        st.markdown("The present thresholds leave no token out: move them on the page Thresholds.")
        frame.link(frame.THRESHOLDS, "Go to Thresholds")
        return
    before, text, after = _around(table, token)
    st.html(f'<p class="xtf-quote">{html.escape(before)}<s>{html.escape(text)}</s>{html.escape(after)}</p>')
    st.markdown(escaped(explain.sentence(table, verdicts, token)))
    st.markdown("It stays in the text, so that later tokens still see it; only its own label is taken out.")


def telling(table: ScoreTable, verdicts: Verdicts) -> int | None:
    """Position of a dropped token that says most to a reader: the first one of the longest word. None without any."""
    gone = np.flatnonzero(verdicts.bits)
    if not len(gone):
        return None
    of = table.type_of[gone]
    texts = table.type_texts
    longest = max(np.unique(of).tolist(), key=lambda row: max(map(len, _WORD.findall(texts[row])), default=0))
    return int(gone[of == longest][0])


class _Excerpt(NamedTuple):
    before: str
    token: str
    after: str


def _around(table: ScoreTable, token: int) -> _Excerpt:
    """The token and its neighbourhood within the response."""
    index = table.example_at(token)
    one, place = table.example(index), token - int(table.offsets[index])
    start, end = one.spans[place].tolist()
    response = one.spans[(one.marks & Mark.RESPONSE) != 0]
    first, last = int(response[:, 0].min()), int(response[:, 1].max())
    begin, stop = max(first, start - _AROUND), min(last, end + _AROUND)
    return _Excerpt(("…" if begin > first else "") + one.text[begin:start], one.text[start:end],
                    one.text[end:stop] + ("…" if stop < last else ""))


def numbers(run: Run) -> None:
    """What the thresholds keep, and what the base model knows already."""
    kept = loaders.summary(run, state.thresholds())["kept_share"]
    known = _known_share(loaders.identity(run))
    left, right = frame.numbers("present", 2)
    left.metric("Response tokens that are trained", percent(kept), help="Kept by the present thresholds.")
    right.metric("Known before any training", percent(known),
                 help="Response tokens that the base model gives more than 95 %.")
    st.markdown("Fewer trained tokens are *not* less training time: every token is still read. What filtering is to "
                "bring is better answers, and that has to be measured.")


@st.cache_resource(max_entries=16, show_spinner=False)
def _known_share(run: Identity) -> float:
    return home.known_share(loaders.opened(run))


def outcome(run: Run) -> None:
    """The verdict of the newest finished comparison, the figures that it rests on, and how much they can carry."""
    there = finished(run)
    found = result_of(there[0]) if there else None
    told = verdict(found) if found else None
    if found is None or told is None or not told.headline:
        st.markdown("**Not measured yet.** Nothing may be claimed before the same fine-tune was run on all tokens, on "
                    "the kept ones, and on as many at random, with three seeds each, and measured on questions that no "
                    "training has seen.")
        frame.link(frame.COMPARE, "Go to Compare")
        return
    st.markdown(f"**{escaped(told.headline)}**")
    figure = arms.points(found, found.metric).update_layout(title_font_size=_LARGE)
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(tickfont_size=_LARGE, title_font_size=_LARGE)
    plots.show(figure, "present-outcome")
    st.markdown(escaped(told.sentences[-1]))
