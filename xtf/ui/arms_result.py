"""What a comparison has found: the verdict on top, the table, plots, answers side by side, and files to take away."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path

import streamlit as st

from xtf import jobs
from xtf.comparison import files, paper, table
from xtf.comparison.folder import Comparison, delete_comparison, list_comparisons
from xtf.comparison.result import Result, result
from xtf.comparison.verdict import verdict
from xtf.errors import XtfError
from xtf.evaluation.result import exists
from xtf.ui import arms_examples, arms_plots, frame, state
from xtf.ui.arms_work import name_of
from xtf.words import count, escaped

Identity = tuple[str, str, str]
_FEW = 6  # sentences or rows that are read at a glance
_WIDE = 190  # pixels, for the longest name of a strategy


def section(comparison: Comparison) -> None:
    """All of it, as far as it has come. Raises: StoreError."""
    identity = _identity(comparison)
    found = _result(identity)
    columns = table.columns(found)
    if not columns:
        st.info("The first figures are shown here when the base model is evaluated.", icon=":material/hourglass_top:")
    else:
        _verdict(found)
        _table(found)
        arms_plots.section(found, columns, _others)
        arms_examples.section(comparison, found, identity)
    _manage(comparison, found, identity)


def _identity(comparison: Comparison) -> Identity:
    """What a cached result is kept under: folder, record, and when each evaluation was written."""
    held_out = comparison.held_out
    folders = [comparison.base, *(made.evaluation(held_out) for arm in comparison.arms
                                  if held_out and (made := comparison.trained(arm)))]
    written = [(str(folder), folder.stat().st_mtime_ns) for folder in folders if exists(folder)]
    return str(comparison.path), json.dumps(comparison.record), json.dumps(written)


@st.cache_resource(max_entries=32, show_spinner="Working out intervals …")
def _result(identity: Identity) -> Result:
    return result(Comparison(Path(identity[0])))


def _verdict(found: Result) -> None:
    """What it comes to, in words; a tie is called one."""
    told = verdict(found)
    if not found.done:
        done = sum(len(row.seeds) for row in found.rows if row.name != "base")
        st.caption(f"So far: {done} of {len(found.arms)} fine-tunes are evaluated.")
    if told.headline:
        say, icon = (st.success, "trending_up") if told.helped else (
            st.warning, "trending_down") if told.hurt else (st.info, "balance")
        say(f"**{escaped(told.headline)}**", icon=f":material/{icon}:")
    if len(told.sentences) <= _FEW:
        _listed(told.sentences)
    else:
        _listed(told.sentences[-1:])
        with st.expander(f"{count(len(told.sentences) - 1)} differences in words", icon=":material/notes:"):
            _listed(told.sentences[:-1])
    for note in found.notes:
        st.warning(escaped(note), icon=":material/warning:")


def _listed(sentences: list[str]) -> None:
    st.markdown("\n".join(f"- {escaped(sentence)}" for sentence in sentences))


def _table(found: Result) -> None:
    cells = table.cells(found)
    shown = {name: st.column_config.TextColumn(name[:1].upper() + name[1:]) for name in cells[0]}
    shown["strategy"] = st.column_config.TextColumn("Strategy", pinned=True, width=_WIDE if len(cells) > _FEW else None)
    shown[table.PAPER] = st.column_config.TextColumn("The paper's, not ours (%)",
                                                     help=f"Average accuracy, {paper.LABEL}.")
    st.dataframe(cells, hide_index=True, column_config=shown, height="content", row_height=38,
                 alt="Figures of each strategy with 95 % intervals")
    st.caption("In brackets: 95 % intervals over held-out examples, of differences over seeds, too. *Against*: paired "
               "by example and seed; *adjusted* p is Holm's, over all strategies and both controls. Memory is the "
               "graphics card's where there is one, else the whole process's.")
    if missing := table.missing(found):
        st.markdown("**Missing cells**")
        _listed(missing)


def _others() -> list[Result]:
    """What all comparisons have found, the newest first; a damaged one is told on its own page."""
    found = []
    for one in list_comparisons():
        with suppress(XtfError):
            found.append(_result(_identity(one)))
    return found


def _manage(comparison: Comparison, found: Result, identity: Identity) -> None:
    """Files to take away, and deleting."""
    st.subheader("Take it away", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for kind, made in files.FORMATS.items():
            st.download_button(made.title, partial(_written, found, kind), f"{comparison.name}.{made.suffix}",
                               made.media, on_click="ignore", key=f"arms.file.{kind}", icon=":material/download:",
                               help=f"The table as {made.title}" + (
                                   ": plain numbers." if kind == "csv" else
                                   ", with a caption that says what intervals, tests and correction are."))
        st.download_button("All items as CSV", lambda: table.items(comparison).to_csv(index=False).encode(),
                           f"{comparison.name}-items.csv", "text/csv", on_click="ignore", key="arms.items",
                           icon=":material/download:", help="Each example of each evaluation: loss, answer, text.")
        with st.popover("Delete", icon=":material/delete:"):
            _delete(comparison)


def _written(found: Result, kind: str) -> bytes:
    return files.written(found, kind).encode()


def _delete(comparison: Comparison) -> None:
    made = [arm.name for arm in comparison.arms if comparison.trained(arm)]
    st.markdown(f"Deletes **{escaped(comparison.name)}** with the base model's evaluation. The held-out run stays.")
    with_arms = st.toggle(f"Delete its {count(len(made))} fine-tunes, too", key="arms.delete.arms",
                          help="They are listed on the page Fine-tune; without this they stay there with their "
                               "evaluations.")
    if st.button("Delete it", type="primary", key="arms.delete", icon=":material/delete_forever:"):
        try:
            delete_comparison(comparison.name, bool(with_arms))
        except XtfError as error:
            frame.fault(str(error))
            return
        state.choose_own(comparison=None)
        for job in jobs.list_jobs():
            if name_of(job) == comparison.name and job.state != "running":
                jobs.forget(job.id)
        st.rerun()
