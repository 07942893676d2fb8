"""Which strategy chooses the tokens: what it does, what can be set about it, and how it is prepared if it must be."""

from typing import Any

import streamlit as st

from xtf import jobs, strategies
from xtf.config import STRATEGY_SETTINGS, settings
from xtf.runs import Run
from xtf.strategies import STRATEGIES
from xtf.training.folder import list_trainings
from xtf.ui import commands, forms, frame, loaders, state
from xtf.words import escaped

_LABELS = {"keep": "Kept", "drop": "Dropped", "cutoff": "Dropped below p", "seed": "Seed",
           "reference": "Name of the reference model"}


def row(run: Run, key: str) -> bool:
    """Draws the choice; `key` tells apart the pages that do. Whether the strategy can be used on this run."""
    chosen: Any = state.thresholds().strategy
    left, right = frame.cards(f"{key}-strategy", [2, 3])
    with left:
        _picker(chosen.kind, key)
    with right:
        _fields(chosen, key)
    found = STRATEGIES[chosen.kind]
    costs = f" Costs {found.cost} beyond the scoring pass." if found.cost else ""
    st.caption(escaped(found.sentence + costs))
    lack = strategies.lacks(loaders.table(run), chosen)
    if lack:
        _prepare(run, lack, key)
    return not lack


def _picker(kind: str, key: str) -> None:
    widget = f"{key}.strategy"
    state.show(widget, kind)
    st.selectbox("Strategy", list(STRATEGIES), key=widget, format_func=lambda name: STRATEGIES[name].title,
                 filter_mode=None, on_change=state.taking(widget, _take),
                 help="Who decides which response tokens are trained: the three attributes (XTF), or a method that it "
                      "is compared with. All pages follow: token view, export, fine-tune.")


def _take(kind: str) -> None:
    if kind != state.thresholds().strategy.kind:
        state.change_thresholds(strategy=STRATEGY_SETTINGS[kind]())


def _fields(chosen: Any, key: str) -> None:
    names = [name for name in type(chosen).model_fields if name != "kind"]
    for cell, name in zip(st.columns(max(1, len(names))), names):
        with cell:
            options = {"placeholder": "as the thresholds keep"} if (chosen.kind, name) == ("random", "keep") else {}
            forms.field(type(chosen), name, getattr(chosen, name), _writer(name),
                        f"{key}.strategy.{chosen.kind}.{name}", label=_LABELS[name], **options)


def _writer(name: str) -> forms.Change:
    def write(value: Any) -> None:
        now = state.thresholds().strategy
        state.change_thresholds(strategy=settings(type(now), now.model_dump() | {name: value}))
    return write


def _reference(run: Run, key: str) -> str:
    """The fine-tune that is to be the reference model; empty for one that is trained for it."""
    known = [one.name for one in list_trainings() if one.fits(run)]
    chosen = st.selectbox("Reference model", ["", *known], key=f"{key}.reference", filter_mode=None, disabled=not known,
                          format_func=lambda name: name or "One trained on a fifth of this run's examples",
                          help="Or a finished fine-tune of this run's model, such as one on other, cleaner data.")
    return str(chosen)


def _prepare(run: Run, lack: str, key: str) -> None:
    """What is missing, and the button that makes it."""
    chosen: Any = state.thresholds().strategy
    st.info(escaped(lack.replace("RUN", run.name).replace("`", "")), icon=":material/info:")
    argv = commands.prepare(run.name, chosen, given=_reference(run, key) if hasattr(chosen, "reference") else "")
    at_work = any(job.argv == argv for job in jobs.running())
    left, right = frame.cards(f"{key}-prepare", [1, 3], vertical_alignment="center")
    if left.button("Prepare it", key=f"{key}.prepare", icon=":material/construction:", disabled=at_work,
                   help="Runs in the background; the page can be used as soon as it is done."):
        jobs.start(argv, f"Preparing {STRATEGIES[chosen.kind].title} for {run.name}")
        st.rerun()
    right.code(commands.shown(argv), language="bash", wrap_lines=True)
