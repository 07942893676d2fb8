"""The frame that every page has: sidebar with pages, run and jobs; faults told in a sentence; empty states."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xtf import jobs, runs
from xtf.assets import asset
from xtf.bench.planted.result import RUNS
from xtf.errors import XtfError
from xtf.runs import Run
from xtf.store import Manifest
from xtf.strategies import STRATEGIES
from xtf.ui import jobs_view, loaders, state, unfinished
from xtf.words import count, escaped, percent, short

HOME, SCORE, EXPLORE = "app.py", "pages/score.py", "pages/explore.py"
THRESHOLDS, EXPORT, METHOD = "pages/thresholds.py", "pages/export.py", "pages/method.py"
DATASET, TOKENS, SETTINGS = "pages/dataset.py", "pages/tokens.py", "pages/settings.py"
FINETUNE, COMPARE = "pages/finetune.py", "pages/compare.py"
VALUE, PRESENT = "pages/value.py", "pages/present.py"
EVIDENCE, DISAGREEMENT = "pages/evidence.py", "pages/disagreement.py"
_PAGES = {HOME: ("Home", ":material/home:"), SCORE: ("Score", ":material/play_circle:"),
          EXPLORE: ("Explore", ":material/search:"), THRESHOLDS: ("Thresholds", ":material/tune:"),
          DATASET: ("Dataset", ":material/bar_chart:"), TOKENS: ("Tokens", ":material/token:"),
          SETTINGS: ("Settings", ":material/compare:"),
          EXPORT: ("Export", ":material/download:"), FINETUNE: ("Fine-tune", ":material/model_training:"),
          COMPARE: ("Compare", ":material/balance:"),
          DISAGREEMENT: ("Disagreement", ":material/difference:"), EVIDENCE: ("Evidence", ":material/science:"),
          VALUE: ("Value", ":material/savings:"), PRESENT: ("Present", ":material/slideshow:"),
          METHOD: ("Method", ":material/menu_book:")}


@contextmanager
def frame(title: str, lead: str) -> Iterator[DeltaGenerator]:
    """A page that needs no run; gives a place in the sidebar. An `XtfError` of its body is told in one sentence, other
    exceptions go through."""
    st.set_page_config(f"{title} · XTF", asset("icon.svg"), layout="wide", initial_sidebar_state=232)
    st.html(asset("frame.css"))
    with told():
        state.follow_url()
    chosen = _settle_run()
    place = _sidebar(chosen)
    jobs_view.announce()
    st.title(title, anchor=False)
    st.caption(lead)
    try:
        with told():
            yield place
    finally:
        state.write_url()


@contextmanager
def page(title: str, lead: str, empty: Callable[[], None] | None = None) -> Iterator[Run]:
    """A page about the current run. Without any run `empty` shows how to get one, and the body does not run."""
    with frame(title, lead) as place:
        name = state.run_name()
        if name is None:
            (empty or no_run)()
            st.stop()
        run = runs.open_run(name)
        _kept_line(place, run)
        unfinished.banner(run)
        yield run


def numbers(key: str, count: int, **options: Any) -> list[DeltaGenerator]:
    """Places for so many metrics in a row; two by two where the window is narrow (assets/frame.css)."""
    return st.container(key=f"numbers-{key}").columns(count, **options)


def cards(key: str, spec: int | list[int], **options: Any) -> list[DeltaGenerator]:
    """Columns that stand one below the other where the window is narrow."""
    return st.container(key=f"cards-{key}").columns(spec, **options)


@contextmanager
def told() -> Iterator[None]:
    """Tells a user's fault in one calm sentence."""
    try:
        yield
    except XtfError as error:
        fault(str(error))


def fault(sentence: str) -> None:
    """What went wrong and what to do, which may quote foreign text."""
    st.error(escaped(sentence), icon=":material/error:")


def link(page: str, label: str, help: str | None = None, icon: str | None = None) -> None:
    """A link to another page that takes the present view along."""
    st.page_link(page, label=label, help=help, icon=icon or _PAGES[page][1], query_params=state.query())


def _settle_run() -> list[Manifest]:
    """The runs that can be shown; makes sure that the chosen run is one of them: the newest at first, data with planted
    noise only where there is no other."""
    found = loaders.browsable_runs()
    names = [manifest.name for manifest in found]
    wanted = state.run_name()
    if wanted not in names:
        usual = next((name for name in names if not name.startswith(RUNS)), names[0] if names else None)
        state.choose_run(usual)
        if wanted is not None:
            fault(f"There is no run called {wanted} to show" + (f"; this is {usual}." if usual else " yet."))
    return found


def _sidebar(found: list[Manifest]) -> DeltaGenerator:
    st.logo(str(asset("logo.svg")), size="large", icon_image=str(asset("icon.svg")))
    with st.sidebar:
        for path, (label, icon) in _PAGES.items():
            st.page_link(path, label=label, icon=icon, query_params=state.query(), width="stretch")
        st.space("small")
        if found:
            _run_picker(found)
        place = st.empty()
        jobs_view.watch(jobs_view.badge, "jobs-badge")
    return place


def _run_picker(found: list[Manifest]) -> None:
    key = "frame.run"
    state.show(key, state.run_name())
    complete = {manifest.name: manifest.complete for manifest in found}
    st.selectbox("Run", list(complete), key=key, help="The scored dataset that all pages show.",
                 format_func=lambda name: name if complete.get(name, True) else f"{name} (unfinished)",
                 on_change=state.taking(key, state.choose_run))
    manifest = next(manifest for manifest in found if manifest.name == state.run_name())
    model = escaped(short(str(manifest.model.get("name", "?"))))
    known = None if manifest.complete else runs.open_run(manifest.name).partial
    scored = f"{count(known.examples)} of " if known else ""
    st.caption(f"{model}  \n{scored}{count(manifest.counts.get('examples', 0))} examples")


def _kept_line(place: DeltaGenerator, run: Run) -> None:
    """The thresholds and what they keep; a page that cannot judge by them says why by itself."""
    changed = "" if state.unchanged() else ", changed"
    try:
        kept = f"{percent(loaders.summary(run, state.thresholds())['kept_share'])} kept"
    except XtfError:
        kept = "cannot be judged yet"
    kind = state.thresholds().strategy.kind
    named = f"Thresholds {state.preset()}{changed}" if kind == "xtf" else STRATEGIES[kind].title
    place.caption(f"{escaped(named)}  \n**{kept}**")


def no_run() -> None:
    """What there is to see before the first run: jobs on their way, or how to start the demo."""
    running = jobs.running()
    if running:
        st.info("XTF scores its first run now: a real language model reads every token of the dataset. This page shows "
                "the run as soon as it is there.", icon=":material/hourglass_top:")
        jobs_view.watch(jobs_view.progresses, "first-run", _names)
        return
    job = jobs_view.demo_job()
    if job is not None and job.state in ("failed", "lost"):
        fault(job.message)
        _start_demo_button("Try the demo again")
        jobs_view.history([job])
    else:
        st.info("There is no scored dataset yet. Score the built-in demo, which takes less than a minute, or data of "
                "your own.", icon=":material/info:")
        _start_demo_button("Score the demo")
    st.page_link(SCORE, label="Score data of your own", icon=_PAGES[SCORE][1])


def _names() -> list[str]:
    return [manifest.name for manifest in loaders.browsable_runs()]


def _start_demo_button(label: str) -> None:
    if st.button(label, type="primary"):
        jobs_view.start_demo(again=True)
        st.rerun()
