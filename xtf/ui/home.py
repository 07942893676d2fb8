"""The Home page: headline numbers, one chart, one example, what to do next, and all runs."""

from typing import Any

import numpy as np
import streamlit as st

from xtf import filters, runs
from xtf.figures import reasons
from xtf.figures.tokens import payload
from xtf.progress import duration
from xtf.runs import Run
from xtf.store import Manifest, ScoreTable
from xtf.ui import frame, jobs_view, loaders, plots, runs_view, state
from xtf.ui.loaders import Identity
from xtf.ui.token_view import token_view
from xtf.words import count, escaped, percent, short

KNOWN = 0.95  # the paper's cutoff


def first_start() -> None:
    """Before any run is finished: the demo starts by itself."""
    if jobs_view.start_demo():
        st.rerun()  # so that the sidebar, drawn already, shows the job too
    frame.no_run()
    if runs.list_runs():
        runs_view.runs_list()


def overview(run: Run) -> None:
    """The current run in numbers."""
    manifest, thresholds = run.manifest, state.thresholds()
    _provenance(manifest)
    table, summary = loaders.table(run), loaders.summary(run, thresholds)
    _numbers(run, summary)
    left, right = frame.cards("home", [2, 3])
    with left:
        plots.show(reasons.dropped_bar(summary), "dropped")
        _next_steps()
    with right:
        _sample(run, table)
    for note in [*manifest.notes, *summary["notes"]]:
        st.warning(escaped(note), icon=":material/info:")


def _sample(run: Run, table: ScoreTable) -> None:
    """The example of middling length: neither trivial nor endless."""
    index = int(np.argsort(np.diff(table.offsets), kind="stable")[len(table) // 2])
    verdicts = loaders.verdicts(run, state.thresholds())
    token_view(payload(table.example(index), verdicts, table), key=f"home-{run.manifest.run_id}")


def _provenance(manifest: Manifest) -> None:
    facts = [f"data {short(str(manifest.settings.get('data', '?')))}",
             f"model {short(str(manifest.model.get('name', '?')))}",
             str(manifest.settings.get("dtype", "?")),
             f"scored in {duration(manifest.seconds)}" if manifest.complete else "unfinished",
             f"{manifest.created[:16].replace('T', ' ')} UTC"]
    st.markdown(f"Run **{escaped(manifest.name)}** · {escaped(' · '.join(facts))}")


def _numbers(run: Run, summary: dict[str, Any]) -> None:
    cells = frame.numbers("home", 4)
    cells[0].metric("Examples", count(summary["examples"]), border=True,
                    help="Examples that were scored.")
    others = count(summary["tokens"] - summary["trainable"])
    cells[1].metric("Response tokens", count(summary["trainable"]), border=True,
                    help=f"Plain fine-tuning trains all of these. The {others} of prompt and template never are.")
    cells[2].metric("Kept", percent(summary["kept_share"]), border=True,
                    help=f"{count(summary['kept'])} response tokens stay in the loss at the current thresholds.")
    cells[3].metric("Already known", percent(_known_share(loaders.identity(run))), border=True,
                    help="Share of the response tokens that the base model gives more than 95 %: training on them "
                         "teaches it next to nothing.")


@st.cache_resource(max_entries=16, show_spinner=False)
def _known_share(run: Identity) -> float:
    return known_share(loaders.opened(run))


def known_share(table: ScoreTable) -> float:
    """Share of response tokens with p above 0.95."""
    logprob = table.column("logprob")[table.trainable]
    return float(np.mean(filters.probability(logprob) > KNOWN)) if len(logprob) else 0.0


_STEPS = (
    (frame.EXPLORE, "Explore", "read the examples token by token"),
    (frame.THRESHOLDS, "Thresholds", "move the cutoffs and watch the dataset"),
    (frame.DATASET, "Dataset", "see what they do, from several sides"),
    (frame.EXPORT, "Export", "take away exactly these labels"),
    (frame.FINETUNE, "Fine-tune", "train on exactly these tokens"),
    (frame.COMPARE, "Compare", "see whether it helped"),
    (frame.DISAGREEMENT, "Disagreement", "see what other methods would drop"),
    (frame.EVIDENCE, "Evidence", "see which noise the scores find"),
    (frame.VALUE, "Value", "work out what it is worth"),
    (frame.SCORE, "Score", "bring data and a model of your own"),
    (frame.METHOD, "Method", "what the scores mean, on one sentence"),
)


def _next_steps() -> None:
    with st.container(border=True, gap=None):
        for path, label, words in _STEPS:
            frame.link(path, f"**{label}** · {words}")
