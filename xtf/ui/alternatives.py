"""Below a token view: what else the base model would say, asked for by a button and worked out by a job."""

import streamlit as st

from xtf import alternatives
from xtf.alternatives import Alternatives
from xtf.runs import Run
from xtf.ui import asked
from xtf.words import count


def shown(run: Run, index: int) -> Alternatives | None:
    """The base model's alternatives for an example, if they are known. Else draws one line here: a button that starts
    the job, then its progress; the page is drawn anew when they are there.

        view, below = st.container(), st.container()
        with below:
            found = shown(run, index)
        with view:
            token_view(payload(example, verdicts, table, alternatives=found), key=…)
    """
    if (found := alternatives.cached(run, index)) is not None:
        return found
    argv, key = command(run, index), f"alternatives-{run.manifest.run_id}-{index}"
    if asked.waiting(argv, f"{key}-job"):
        return None
    if (found := alternatives.cached(run, index)) is not None:  # the job ended just now
        return found
    if st.button("Show what else the model would say", key=key, type="tertiary", icon=":material/alt_route:",
                 help="The five tokens that the base model finds likeliest at each place. Runs the model over this "
                      "example once, in the background, and keeps what it says with the run."):
        asked.start(argv, f"Alternatives in example {count(index + 1)} of {run.name}")
    return None


def command(run: Run, index: int) -> list[str]:
    """`xtf alternatives …`. By position: an id may hold anything, and a command line may not."""
    return ["alternatives", run.name, "--position", str(index), "--json"]
