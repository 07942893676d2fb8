"""What a comparison has found as plots, one at a time: each metric, gains, loss by group, attributes, kept share, and
all tasks of the workspace. The paper's figures stand beside ours and are never among them."""

from collections.abc import Callable

import streamlit as st

from xtf.comparison import gains, paper, table
from xtf.comparison.metrics import CORRECT, METRICS
from xtf.comparison.overview import TASKS, Cell, overview
from xtf.comparison.result import Result
from xtf.figures import arms as figures
from xtf.figures import arms_gains
from xtf.ui import frame, plots, state
from xtf.ui.arms_work import FORM
from xtf.words import escaped

Others = Callable[[], list[Result]]  # the results of all comparisons, the newest first


def section(found: Result, columns: list[str], others: Others) -> None:
    """The chosen plot. `columns`: metrics that there are, the one that decides first."""
    key, wanted = "arms.plot", FORM.values.get("plot", "figures")
    wanted = wanted if wanted in _PLOTS else "figures"
    state.show(key, wanted)
    st.segmented_control("Plot", list(_PLOTS), key=key, required=True, wrap=True, label_visibility="collapsed",
                         format_func=lambda name: _PLOTS[name][0], on_change=FORM.taking("plot", key))
    _PLOTS[str(wanted)][1](found, columns, others)


def _figures(found: Result, columns: list[str], others: Others) -> None:
    left, right = frame.cards("arms-plots", [3, 2], gap="large")
    with left:
        plots.show(figures.points(found, _metric(found, columns)), "arms-points")
        st.caption("Each mark is a mean with its 95 % interval; the small lines below it are single seeds.")
    with right.container(border=True):
        _paper(found)


def _groups(found: Result, columns: list[str], others: Others) -> None:
    plots.show(figures.groups(found), "arms-groups")
    st.caption("*Kept* and *dropped* are the response tokens of the held-out data that this comparison's thresholds "
               "keep and drop: the same for all strategies, so that they can be compared.")


def _gains(found: Result, columns: list[str], others: Others) -> None:
    key = _metric(found, columns)
    gained = gains.gains(found, key)
    plots.show(arms_gains.gains(gained, key), "arms-gains")
    _whose(any(one.paper is not None for one in gained))
    _reasons(list(dict.fromkeys(one.why for one in gained if one.why)))


def _ablation(found: Result, columns: list[str], others: Others) -> None:
    key = _metric(found, columns)
    parts = gains.ablation(found, key)
    plots.show(arms_gains.ablation(parts, key, table.title(key, found)), "arms-ablation")
    st.caption("RI is reasoning importance, KN knowledge novelty, TR task relevance: only these rules drop tokens, the "
               "others are off. The paper's are averages over its tasks and models.")
    _whose(True)
    absent = [one.arm for one in parts if found.row(one.arm) is None]
    _reasons([*([f"{found.name} has no arms {', '.join(absent)}: add them to a new comparison."] if absent else []),
              *(f"{one.attributes}: {one.why}" for one in parts if one.why and one.arm not in absent)])


def _kept_share(found: Result, columns: list[str], others: Others) -> None:
    plots.show(arms_gains.kept_share(found, _metric(found, columns)), "arms-share")
    st.caption("The dotted line is normal fine-tuning; marks of the same share stand side by side. A strategy earns "
               "its place where it stands above (for losses below) random tokens at its own share: add arms such as "
               "*Random 60 %* to see that.")


def _tasks(found: Result, columns: list[str], others: Others) -> None:
    cells = overview(others())
    plots.show(arms_gains.overview(cells), "arms-tasks")
    _whose(True)
    st.caption("Ours are of the newest comparison that has them; another task takes data of that task: score it, then "
               "start a comparison under New. For code the paper's averages are not known to us; its best gain was "
               f"{paper.TASKS['code'].best_gain:+.1f} points.")
    st.dataframe(_rows(cells), hide_index=True, height="content",
                 alt="Right answers by task and method, ours and the paper's")


def _rows(cells: list[Cell]) -> list[dict[str, str]]:
    """The same in words: each cell with where it is from, or why there is none."""
    return [{"Task": TASKS[cell.task], "Method": cell.method, "Measured here (%)": _ours(cell),
             "Gain over normal (points)": _gain(cell), "The paper's, not ours (%)":
             table.NOTHING if cell.paper is None else f"{cell.paper:.1f}",
             "From": f"{cell.arm} in {cell.comparison}" if cell.comparison else cell.why} for cell in cells]


def _ours(cell: Cell) -> str:
    return table.NOTHING if cell.estimate is None else table.interval(cell.estimate, METRICS[CORRECT])


def _gain(cell: Cell) -> str:
    return table.NOTHING if cell.gain is None else table.difference(cell.gain, METRICS[CORRECT])


def _metric(found: Result, columns: list[str]) -> str:
    key, chosen = "arms.metric", FORM.values.get("metric")
    chosen = chosen if chosen in columns else columns[0]
    state.show(key, chosen)
    st.segmented_control("Metric", columns, key=key, required=True, wrap=True, on_change=FORM.taking("metric", key),
                         format_func=lambda name: table.title(name, found), help=METRICS[str(chosen)].help)
    return str(chosen)


def _whose(paper_too: bool) -> None:
    if paper_too:
        st.caption(f"Open diamonds are {paper.LABEL}; they stand here for orientation: other models, data and amounts "
                   "of training.")


def _reasons(sentences: list[str]) -> None:
    """Why marks are missing."""
    if sentences:
        st.markdown("\n".join(f"- {escaped(sentence)}" for sentence in sentences))


def _paper(found: Result) -> None:
    """The paper's figures of the same task, else of one that can be chosen."""
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


#: Name → what it is called, and what draws it.
_PLOTS: dict[str, tuple[str, Callable[[Result, list[str], Others], None]]] = {
    "figures": ("Figures", _figures), "gains": ("Gains over normal", _gains), "groups": ("Loss by group", _groups),
    "ablation": ("Attributes", _ablation), "share": ("Kept share", _kept_share), "tasks": ("All tasks", _tasks)}
