"""First step of a launch: what is trained on, which of its tokens, and what that comes to."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from xtf.errors import XtfError
from xtf.export.formats import TOKEN_FORMATS
from xtf.export.record import read_record
from xtf.ranks import per_example
from xtf.runs import Run
from xtf.training.settings import TrainSettings
from xtf.ui import commands, export_shelf, forms, frame, loaders, state, strategy_form
from xtf.ui.finetune_form import FORM
from xtf.ui.loaders import Identity
from xtf.words import count, escaped, percent

_SOURCES = {"run": "This run", "export": "A prepared export"}


class Tokens(NamedTuple):
    """What a fine-tune reads: a run with flags for its labels, or an export. Counts are of one pass."""

    source: str
    labels: Sequence[str]
    stem: str  # how a fine-tune of it is called
    strategy: str | None  # None of an export
    examples: int  # with a trained token
    skipped: int  # without one
    trained: int
    trainable: int | None


def choose(run: Run) -> Tokens | None:
    """Draws the choice. None while it is not whole. Raises: SettingsError, StoreError."""
    prepared = _exports()
    source = _one_of("source", "Trained on", _SOURCES, "run") if prepared else "run"
    return _of_export(prepared) if source == "export" else _of_run(run)


def _exports() -> list[str]:
    """Folders of exports that hold token ids."""
    return [str(one.folder) for one in export_shelf.found() if _format(one.folder) in TOKEN_FORMATS]


def _format(folder: Path) -> str:
    try:
        return str(read_record(folder)["format"])
    except (XtfError, KeyError):
        return ""


def _of_run(run: Run) -> Tokens | None:
    if not strategy_form.row(run, "finetune"):
        return None
    preset, thresholds = state.preset(), state.thresholds()
    kind = thresholds.strategy.kind
    if kind in ("xtf", "random"):
        _thresholds_line()
    found = _counted(loaders.identity(run), thresholds.model_dump_json())
    return Tokens(run.name, commands.threshold_flags(preset, thresholds), f"{run.name}-{preset}-{kind}", kind, **found)


def _thresholds_line() -> None:
    """What decides, and where it is moved."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Thresholds: {escaped(state.preset())}{'' if state.unchanged() else ', changed'}.", width="content")
        frame.link(frame.THRESHOLDS, "Move the cutoffs")


def _of_export(prepared: list[str]) -> Tokens | None:
    key = "finetune.export"
    state.show(key, FORM.values.get("export", prepared[0]))
    st.selectbox("Export", prepared, key=key, accept_new_options=True, on_change=FORM.taking("export", key),
                 format_func=lambda path: Path(path).name,
                 help="A folder that was prepared on the Export page, or the path of another one, in token ids.")
    st.caption("Its rows with its labels, for the model of its tokenizer. What was checked when it was made is in its "
               "record.")
    folder = Path(forms.absolute(str(FORM.values.get("export") or prepared[0])))
    counts = read_record(folder)["counts"]
    return Tokens(str(folder), (), f"{folder.name}-export", None, counts["examples"] - counts.get("empty", 0),
                  counts.get("empty", 0), counts["kept"], counts.get("trainable"))


@st.cache_resource(max_entries=16, show_spinner="Counting the tokens …")
def _counted(run: Identity, thresholds: str) -> dict[str, Any]:
    table, keep = loaders.opened(run), loaders.judged(run, thresholds).keep
    by_example = per_example(keep, table.offsets)
    return {"examples": int(np.count_nonzero(by_example)), "skipped": int(np.count_nonzero(by_example == 0)),
            "trained": int(by_example.sum()), "trainable": int(table.trainable_counts.sum())}


def numbers(tokens: Tokens, settings: TrainSettings) -> None:
    """What the choice and the settings come to."""
    cells = frame.numbers("finetune", 4)
    cells[0].metric("Trained tokens", count(tokens.trained), border=True,
                    help=f"Response tokens that the loss sees in one pass over the data; {settings.epochs:g} passes.")
    share = tokens.trained / tokens.trainable if tokens.trainable else math.nan
    cells[1].metric("Kept", percent(share), border=True,
                    help=f"Share of the {count(tokens.trainable or 0)} response tokens.")
    cells[2].metric("Examples", count(tokens.examples), border=True,
                    help="Examples with a trained token." + (
                        f" {count(tokens.skipped)} without one are skipped: they give no gradient." if tokens.skipped
                        else ""))
    batch = f"{settings.batch_examples} × {settings.gradient_accumulation} examples a step"
    examples = tokens.examples + tokens.skipped  # the order of the data is the same whatever is trained
    cells[3].metric("Steps", count(settings.steps(examples)), border=True,
                    help=f"Steps of the optimiser: {count(examples)} examples, {batch}, {settings.epochs:g} passes.")


def _one_of(name: str, label: str, names: dict[str, str], usual: str) -> str:
    key = f"finetune.{name}"
    now = FORM.values.get(name, usual)
    state.show(key, now)
    st.segmented_control(label, list(names), key=key, required=True, format_func=names.__getitem__,
                         on_change=FORM.taking(name, key))
    return str(now)
