"""The Fine-tune page's view Watch: how far one fine-tune is, its curves, its log; cancel and resume."""

import time
from collections.abc import Callable

import pandas as pd
import streamlit as st

from xtf import jobs
from xtf.figures import training as figures
from xtf.progress import duration
from xtf.strategies import STRATEGIES
from xtf.training.settings import to_yaml
from xtf.ui import commands, finetune_form, finetune_standing, frame, jobs_view, plots, state
from xtf.ui.finetune_form import FORM
from xtf.ui.finetune_standing import AT_WORK, WORDS, Standing
from xtf.words import count, escaped, percent
from xtf.workspace import size

_LATEST = 10  # steps by which the present speed is judged
_LOG_LINES = 25
_SLOWER = 3.0  # seconds between drawings of the curves: they would slow down a fine-tune on the same processor
_SMOOTHING = 0.9
_UNKNOWN = "–"  # before the first step


def section(one: Standing) -> None:
    """The whole view. While a job works on the fine-tune, numbers and curves follow by themselves. The choices between
    them do not: a widget that is drawn anew before the browser has seen it falls back to its default."""
    _follow(one, _now, "finetune-now")
    if _measures(one):
        along, weight = choices("finetune")
        _follow(one, lambda now: _curves(now.metrics, along, weight), "finetune-curves", _SLOWER)
    _follow(one, _log, "finetune-log", _SLOWER)
    _made_by(one)


def _measures(one: Standing) -> bool:
    """Whether there are numbers to show, or will be: not of one that failed before its first step."""
    return one.state in AT_WORK or len(one.metrics) > 0


def _follow(one: Standing, draw: Callable[[Standing], None], key: str, every: float = 1.0) -> None:
    if one.state in AT_WORK:
        jobs_view.watch(lambda _: draw(finetune_standing.again(one)), key, every=every)
    elif one.state == "elsewhere":  # it may be part of a comparison, which is a job
        jobs_view.watch(lambda _: draw(one), key, every=every)
    else:
        draw(one)


def _now(one: Standing) -> None:
    headline(one)
    if one.job and one.state in AT_WORK:
        with st.container(border=True):
            jobs_view.progress(one.job)
    else:
        _ended(one)
    if _measures(one):
        _numbers(one, one.metrics)


def headline(one: Standing) -> None:
    """What it is, in a line."""
    word, colour, icon = WORDS[one.state]
    said = [f":{colour}-badge[{icon} {word}] &nbsp;**{escaped(one.name)}**"]
    if one.training:
        said.append(strategy(one))
        said.append(escaped(f"run {one.training.run}" if one.training.run else "an export"))
    if share := one.counts.get("kept_share"):
        said.append(f"{escaped(percent(share))} of the response tokens kept")
    said.append(time.strftime("%d %b %Y, %H:%M", time.localtime(one.since)))
    st.markdown(" · ".join(said))


def strategy(one: Standing) -> str:
    """The title of how its tokens were chosen."""
    name = one.training.strategy if one.training else ""
    return STRATEGIES[name].title if name in STRATEGIES else "Export"


def _ended(one: Standing) -> None:
    """What became of it, and the way on."""
    left, right = frame.cards("finetune-ended", [4, 1], vertical_alignment="center")
    if one.state == "finished":
        left.success("It is finished: adapter, model card and a box to try it are under Result.",
                     icon=":material/check_circle:")
        right.button("Result", type="primary", width="stretch", key="finetune.to-result", on_click=state.choose_own,
                     kwargs={"view": "result"}, icon=":material/deployed_code:")
        return
    if one.state == "elsewhere":
        left.info("Another process works on it, such as a command line.", icon=":material/terminal:")
        right.button("Show what is new", width="stretch", key="finetune.refresh")
        return
    say = left.error if one.state in ("failed", "lost") else left.info
    say(_why(one), icon=WORDS[one.state][2])
    if right.button("Resume" if one.steps[0] else "Start again", type="primary", width="stretch",
                    icon=":material/replay:", key="finetune.resume",
                    help="Starts the same command once more; it goes on from the last checkpoint."):
        jobs.start(finetune_standing.command(one), f"Fine-tuning {one.name}")
        st.rerun()


def _why(one: Standing) -> str:
    words = {"cancelled": "It was cancelled.", "stopped": "It was stopped."}.get(
        one.state, escaped(one.job.message if one.job else ""))
    done, total = one.steps
    kept = f" {count(done)} of {count(total)} steps are done, and it goes on from its last checkpoint."
    return words + (kept if done else "")


def _numbers(one: Standing, metrics: pd.DataFrame) -> None:
    last = metrics.iloc[-1] if len(metrics) else None
    done, total = one.steps
    cells = frame.numbers("finetune-watch", 6)
    shown = [(f"Step, of {count(total)}" if total else "Step", count(done) if total else _UNKNOWN,
              f"Steps of the optimiser; epoch {last['epoch']:.2f}." if last is not None else "Steps of the optimiser."),
             _loss(metrics), _time(one, last),
             ("Trained tokens", _brief(last["trained"]) if last is not None else _UNKNOWN,
              "Kept tokens that the loss has seen so far, all passes together" + (
                  f", of {count(last['tokens'])} that went through the model." if last is not None else ".")),
             ("Tokens/s", _speed(metrics), f"Tokens that went through the model in a second, over the last {_LATEST} "
                                           "steps, trained or not."),
             ("Memory", size(last["memory"]) if last is not None else _UNKNOWN,
              "The most so far: of the graphics card where there is one, else of the process.")]
    for cell, (label, value, words) in zip(cells, shown, strict=True):
        cell.metric(label, value, help=words, border=True, height="stretch")


def _brief(tokens: float) -> str:
    """A count that finds room."""
    return count(tokens) if tokens < 10_000_000 else f"{tokens / 1_000_000:,.1f} M"


def _loss(metrics: pd.DataFrame) -> tuple[str, str, str]:
    about = ("In nats per trained token, smoothed as in the curve. Losses over different tokens cannot be compared: "
             "another strategy or other thresholds train other tokens.")
    if not len(metrics):
        return "Loss (nats)", _UNKNOWN, about
    course = figures.smoothed(metrics["loss"].to_numpy(), _weight())
    return "Loss (nats)", f"{course[-1]:.3f}", f"{about} The last step's own: {metrics['loss'].iloc[-1]:.4f}."


def _time(one: Standing, last: pd.Series | None) -> tuple[str, str, str]:
    if one.state in AT_WORK:
        left = one.job.seconds_left if one.job and one.state == "running" and one.steps[0] else None
        return "Time left", duration(left) if left else _UNKNOWN, "At the speed of the last minute."
    return ("Time", duration(last["seconds"]) if last is not None else _UNKNOWN,
            "Of all its steps together; loading and waiting not included.")


def _speed(metrics: pd.DataFrame) -> str:
    latest = metrics[["tokens", "seconds"]].tail(_LATEST + 1) if len(metrics) else metrics
    if len(latest) < 2:
        return _UNKNOWN
    tokens, seconds = (latest.iloc[-1] - latest.iloc[0]).tolist()
    return count(tokens / seconds) if seconds > 0 else _UNKNOWN


def choices(name: str) -> tuple[str, float]:
    """What the curves are laid along, and how much they are smoothed."""
    left, right = frame.cards(f"{name}-choices", [3, 2], vertical_alignment="bottom")
    key, now = f"{name}.along", FORM.values.get("along", "trained")
    state.show(key, now)
    left.segmented_control("Along", list(figures.AXES), key=key, required=True, on_change=FORM.taking("along", key),
                           format_func=lambda axis: figures.AXES[axis].label)
    key = f"{name}.smoothing"
    state.show(key, _weight())
    right.slider("Smoothing", 0.0, 0.99, step=0.01, key=key, on_change=FORM.taking("smoothing", key),
                 help="How much the past weighs in the average: 0 draws each step as it is.")
    return str(now), _weight()


def _weight() -> float:
    return float(FORM.values.get("smoothing", _SMOOTHING))


def _curves(metrics: pd.DataFrame, along: str, weight: float) -> None:
    """Of one height whatever there is to draw, so that nothing jumps."""
    plots.show(figures.loss(metrics, along, weight), "finetune-loss")
    for cell, (key, figure) in zip(frame.cards("finetune-curves", 3), (
            ("rate", figures.learning_rate(metrics, along)), ("gradient", figures.gradient(metrics, along)),
            ("speed", figures.tokens_a_second(metrics, along))), strict=True):
        with cell:
            plots.show(figure, f"finetune-{key}")


def _log(one: Standing) -> None:
    job = one.job
    with st.expander("Last lines of the log", icon=":material/notes:"):
        lines = job.log.splitlines()[-_LOG_LINES:] if job else ["A command line started it: its log is there."]
        st.code("\n".join(lines) or "The log is empty.", language=None, height=220, wrap_lines=True)


def _made_by(one: Standing) -> None:
    """What was asked for: to read, to copy, to start from."""
    with st.expander("Settings and command line", icon=":material/tune:"):
        st.code(commands.shown(finetune_standing.command(one)), language="bash", wrap_lines=True)
        if one.training is None:
            return
        st.caption("Folder: metrics.jsonl has a line a step, and events/ is for TensorBoard")
        st.code(str(one.training.path), language=None, wrap_lines=True)
        st.code(to_yaml(one.training.settings), language="yaml", height=260)
        finetune_form.take_button(one.training, "finetune.take")
