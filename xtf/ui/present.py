"""Presenter mode: one step a screen, in large type, by Next and Back or the arrow keys. No jobs, no forms."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from xtf.assets import asset
from xtf.runs import Run
from xtf.ui import frame, present_run, state

Draw = Callable[[Run], None]
#: A component, since `st.html` takes drawings out.
_picture = st.components.v2.component(
    "xtf_process", html=asset("present/process.svg").read_text(encoding="utf-8"),
    css="svg { display: block; width: 100%; height: auto; margin: 1.5rem 0 1rem; color: var(--st-text-color); "
        "font-family: var(--st-font); }")


class Step(NamedTuple):
    """One screen: its heading, and what is below it."""

    title: str
    draw: Draw


def _process(run: Run) -> None:
    _picture(key="present-process")
    st.markdown("Fine-tuning data is written sentence by sentence, but a model learns token by token, that is, word "
                "part by word part. Not every token of a good answer teaches something.")


def _questions(run: Run) -> None:
    st.markdown("""\
- **Is it looked at?** If no later word looks back at a token, little hangs on it.
- **Is it new?** What the model would have said anyway, it need not learn.
- **Does it belong?** A token far from everything else in this data is off the subject.""")
    st.markdown("A token that clearly fails one of the three is left out of training. It is *uninformative for this "
                "model and this task*; that does not mean that it is wrong.")


STEPS = (
    Step("Score, filter, train", _process),
    Step("Three questions to every token", _questions),
    Step("A result that the model knows already", present_run.case),
    Step("One token that is left out", present_run.example),
    Step("This data in two numbers", present_run.numbers),
    Step("Did it help?", present_run.outcome),
)


def without_run() -> None:
    """Nothing is started from here."""
    st.info("There is no scored dataset yet: score the demo on the page Home first.", icon=":material/info:")
    frame.link(frame.HOME, "Go to Home")


def steps(run: Run) -> None:
    """The step that was reached, and the way on."""
    state.own_in_url()
    st.html(asset("present/page.css"))
    place = _place()
    with st.container(key="present-step"):
        st.header(STEPS[place].title, anchor=False)
        STEPS[place].draw(run)
    with st.container(horizontal=True, vertical_alignment="center", key="present-way"):
        st.button("Back", icon=":material/arrow_back:", shortcut="Left", disabled=place == 0, key="present.back",
                  on_click=_go, args=(place - 1,))
        st.button("Next", icon=":material/arrow_forward:", shortcut="Right", disabled=place == len(STEPS) - 1,
                  type="primary", key="present.next", on_click=_go, args=(place + 1,))
        st.markdown(f"Step {place + 1} of {len(STEPS)}", width="content")
        frame.link(frame.METHOD, "Details", help="How the scores are computed, for those who ask.")
        frame.link(frame.VALUE, "End", help="Leaves the presentation.", icon=":material/close:")


def _place() -> int:
    """The step in the URL, so that a page that is loaded anew goes on with it; the first for anything else."""
    asked = state.own("step") or "1"
    return int(asked) - 1 if asked.isdecimal() and 1 <= int(asked) <= len(STEPS) else 0


def _go(place: int) -> None:
    state.choose_own(step=str(min(max(place, 0), len(STEPS) - 1) + 1))
