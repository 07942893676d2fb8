"""The Home page: headline numbers, one chart, one example, what to do next, and all runs."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from xtf import filters, runs
from xtf.config import ATTRIBUTES
from xtf.engine.estimate import duration
from xtf.runs import Run
from xtf.store import Manifest, ScoreTable
from xtf.ui import frame, loaders, state
from xtf.ui.token_view import payload, token_view
from xtf.ui.words import TITLES, count, escaped, percent

KNOWN = 0.95  # the paper's cutoff


def overview(run: Run) -> None:
    """The current run in numbers."""
    manifest, thresholds = run.manifest, state.thresholds()
    _provenance(manifest)
    table, summary = loaders.table(run), loaders.summary(run, thresholds)
    _numbers(table, summary)
    for note in [*manifest.notes, *summary["notes"]]:
        st.warning(escaped(note), icon=":material/info:")


def _provenance(manifest: Manifest) -> None:
    facts = [f"data {manifest.settings.get('data', '?')}", f"model {manifest.model.get('name', '?')}",
             str(manifest.settings.get("dtype", "?")), f"scored in {duration(manifest.seconds)}",
             f"{manifest.created[:16].replace('T', ' ')} UTC"]
    st.markdown(f"Run **{escaped(manifest.name)}** · {escaped(' · '.join(facts))}")


def _numbers(table: ScoreTable, summary: dict[str, Any]) -> None:
    cells = frame.numbers("home", 4)
    cells[0].metric("Examples", count(summary["examples"]), border=True,
                    help="Examples that were scored.")
    cells[1].metric("Response tokens", count(summary["trainable"]), border=True,
                    help=f"Tokens that plain fine-tuning trains. Prompt and template are {count(summary['tokens'] - summary['trainable'])} more, never trained.")
    cells[2].metric("Kept", percent(summary["kept_share"]), border=True,
                    help=f"{count(summary['kept'])} response tokens stay in the loss at the current thresholds.")
    known = known_share(table)
    cells[3].metric("Already known", percent(known), border=True,
                    help="Share of the response tokens that the base model gives more than 95 %: training on them "
                         "teaches it next to nothing.")


def known_share(table: ScoreTable) -> float:
    """Share of response tokens with p above 0.95."""
    logprob = table.column("logprob")[table.trainable]
    return float(np.mean(filters.probability(logprob) > KNOWN)) if len(logprob) else 0.0


_STEPS = (
    (frame.EXPLORE, "Explore", "Read the examples with every token's scores and verdict."),
    (frame.THRESHOLDS, "Thresholds", "Move the cutoffs and watch the whole dataset respond."),
    (frame.EXPORT, "Export", "Take away the dataset with exactly these labels."),
    (frame.SCORE, "Score", "Score data of your own with the model that you will fine-tune."),
)


def next_steps() -> None:
    """The ways on."""
    for cell, (path, label, words) in zip(frame.numbers("steps", len(_STEPS)), _STEPS, strict=True):
        with cell.container(border=True, height="stretch"):
            frame.link(path, f"**{label}**")
            st.caption(words)
