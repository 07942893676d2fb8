"""What a comparison has found: the verdict on top, the table, plots beside the paper's figures, and files to take."""

import json
from pathlib import Path

import streamlit as st

from xtf import jobs
from xtf.comparison import paper, table
from xtf.comparison.folder import Comparison, delete_comparison
from xtf.comparison.result import Result, result
from xtf.comparison.verdict import verdict
from xtf.errors import XtfError
from xtf.evaluation.result import exists
from xtf.figures import arms as figures
from xtf.ui import arms_examples, frame, plots, state
from xtf.ui.arms_work import FORM, name_of
from xtf.words import count, escaped

Identity = tuple[str, str, str]


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
        _plots(found, columns)
        arms_examples.section(comparison, found, identity)
    _manage(comparison, found, identity)


def _identity(comparison: Comparison) -> Identity:
    """What a cached result is kept under: folder, record, and when each evaluation was written."""
    held_out = comparison.held_out
    folders = [comparison.base, *(made.evaluation(held_out) for arm in comparison.arms
                                  if held_out and (made := comparison.trained(arm)))]
    written = [(str(folder), folder.stat().st_mtime_ns) for folder in folders if exists(folder)]
    return str(comparison.path), json.dumps(comparison.record), json.dumps(written)


@st.cache_resource(max_entries=8, show_spinner="Working out intervals …")
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
    st.markdown("\n".join(f"- {escaped(sentence)}" for sentence in told.sentences))
    for note in found.notes:
        st.warning(escaped(note), icon=":material/warning:")


def _table(found: Result) -> None:
    cells = table.cells(found)
    shown = {name: st.column_config.TextColumn(name[:1].upper() + name[1:]) for name in cells[0]}
    shown[table.PAPER] = st.column_config.TextColumn("The paper's, not ours (%)",
                                                     help=f"Average accuracy, {paper.LABEL}.")
    st.dataframe(cells, hide_index=True, column_config=shown, height="content", row_height=38,
                 alt="Figures of each strategy with 95 % intervals")
    st.caption("In brackets: 95 % intervals over held-out examples, of differences over seeds, too. *Against*: paired "
               "by example and seed. Memory is the graphics card's where there is one, else the whole process's.")


def _plots(found: Result, columns: list[str]) -> None:
    """The chosen metric beside the paper's figures, and the loss by group."""
    key, chosen = "arms.metric", FORM.values.get("metric")
    chosen = chosen if chosen in columns else columns[0]
    state.show(key, chosen)
    st.segmented_control("Metric", columns, key=key, required=True, on_change=FORM.taking("metric", key),
                         format_func=lambda name: table.title(name, found))
    left, right = frame.cards("arms-plots", [3, 2], gap="large")
    with left:
        plots.show(figures.points(found, str(chosen)), "arms-points")
        plots.show(figures.groups(found), "arms-groups")
    with right.container(border=True):
        _paper(found)


def _paper(found: Result) -> None:
    """The paper's figures of the same task, else of one that can be chosen: never among ours."""
    st.markdown("**The paper's figures, not ours**")
    st.caption(f"These are {paper.LABEL}. They stand here for orientation: other models, data and amounts of training.")
    names = list(paper.TASKS)
    key, usual = "arms.paper", found.task if found.task in names else names[0]
    wanted = FORM.values.get("paper", usual)
    state.show(key, wanted)
    st.segmented_control("Task", names, key=key, required=True, label_visibility="collapsed",
                         format_func=lambda name: paper.TASKS[name].title, on_change=FORM.taking("paper", key))
    task = paper.TASKS[str(wanted)]
    if task.accuracy:
        plots.show(figures.published(task), "arms-paper")
    st.caption(f"Its best single gain over normal: {task.best_gain:+.1f} points, with {escaped(task.best_model)}. "
               f"Moving its thresholds by ±3 % moved its accuracy between {paper.THRESHOLDS_MOVED[0]} and "
               f"{paper.THRESHOLDS_MOVED[1]} %.")


def _manage(comparison: Comparison, found: Result, identity: Identity) -> None:
    """Files to take away, and deleting."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.download_button("Table as CSV", lambda: table.numbers(found).to_csv(index=False).encode(),
                           f"{comparison.name}.csv", "text/csv", on_click="ignore", key="arms.table",
                           icon=":material/download:")
        st.download_button("All items as CSV", lambda: table.items(comparison).to_csv(index=False).encode(),
                           f"{comparison.name}-items.csv", "text/csv", on_click="ignore", key="arms.items",
                           icon=":material/download:", help="Each example of each evaluation: loss, answer, text.")
        with st.popover("Delete", icon=":material/delete:"):
            _delete(comparison)


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
        for job in jobs.list_jobs():
            if name_of(job) == comparison.name and job.state != "running":
                jobs.forget(job.id)
        st.rerun()
