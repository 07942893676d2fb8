"""Planted noise on its own text: what the present thresholds drop of it, token by token."""

from typing import Any

import numpy as np
import streamlit as st

from xtf import runs
from xtf.bench.planted import measure, result
from xtf.bench.planted.kinds import KINDS
from xtf.bench.planted.plant import Span
from xtf.bench.planted.result import Planting, Result
from xtf.errors import StoreError
from xtf.figures.live import base64_of
from xtf.figures.tokens import payload
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.store import ScoredExample, ScoreTable
from xtf.ui import frame, listing, loaders, state
from xtf.ui.evidence_result import FORM
from xtf.ui.token_view import token_view
from xtf.words import count, escaped

PERFECT = "a filter that knows"
_EVERY = "every"
_NAMES = list(KINDS)


def section(found: Result) -> None:
    """One example of one data set. Says so where the run is gone."""
    st.subheader("Planted noise on its text", anchor=False)
    titles = {one.name: one.title for one in found.sets}
    left, right = frame.cards("evidence-pick", [1, 1], vertical_alignment="bottom")
    with left:
        name = _pick("set", "Examples of", titles)
    with right:
        kind = _pick("kind", "With", {_EVERY: "Any"} | {key: one.title for key, one in KINDS.items()})
    planting = next(one for one in found.sets if one.name == name)
    with frame.told():
        run = _run(planting)
        planted = _planted(found.key, name, run.manifest.run_id)
        _example(run, planting, {key: spans for key, (_, spans) in planted.items()
                                 if spans and kind in (_EVERY, *(span.kind for span in spans))}, planted)


def _pick(name: str, label: str, titles: dict[str, str]) -> str:
    """One of several; another one begins with its first example."""
    key, wanted = f"evidence.{name}", FORM.values.get(name)
    wanted = wanted if wanted in titles else next(iter(titles))

    def take(value: Any) -> None:
        FORM.values.update({name: value, "place": 0})

    state.show(key, wanted)
    st.segmented_control(label, list(titles), key=key, required=True, format_func=lambda one: titles.get(one, one),
                         on_change=state.taking(key, take))
    return str(wanted)


def _run(planting: Planting) -> Run:
    """Raises: StoreError where the run is gone or another one has its name."""
    try:
        run = runs.open_run(planting.run)
        if run.manifest.run_id == planting.run_id:
            return run
    except StoreError:
        pass
    raise StoreError(f"The run {planting.run} is not there any more, so its examples cannot be shown: measure again to "
                     "have it back.")


@st.cache_resource(max_entries=8, show_spinner=False)
def _planted(key: str, name: str, run_id: str) -> dict[str, tuple[str, list[Span]]]:
    return result.spans(key, name)


def _example(run: Run, planting: Planting, chosen: dict[str, list[Span]],
             planted: dict[str, tuple[str, list[Span]]]) -> None:
    """The chosen one of the examples that have what is looked for."""
    table = loaders.table(run)
    rows = [index for index, name in enumerate(table.example_ids) if str(name) in chosen]
    if not rows:
        st.info("No example of this data has such noise: choose another.", icon=":material/info:")
        return

    def place() -> int:
        return min(int(FORM.values.get("place", 0)), len(rows) - 1)

    index = rows[place()]
    name = str(table.example_ids[index])
    listing.steps("evidence-examples", len(rows), place, lambda row: FORM.take("place", row),
                  f"Example {escaped(name)}, {count(place() + 1)} of {count(len(rows))}")
    answer, spans = planted[name]
    st.markdown("\n".join(f"- **{KINDS[span.kind].title}**: {_quoted(answer, span)}" for span in spans))
    verdicts = loaders.verdicts(run, state.thresholds())
    example = table.example(index)
    made = payload(example, verdicts, table) | {"other": _known(example, answer, spans, table, verdicts)}
    token_view(made, key=f"evidence-{run.manifest.run_id}")
    st.caption("*Changes* shows the present thresholds beside a filter that knows what is planted: *newly dropped* is "
               "noise that the thresholds keep, *rescued* is real text that they drop, and what is struck through "
               "without a sign is noise that both drop.")
    st.page_link(frame.EXPLORE, label="Open in Explore", icon=":material/search:",
                 query_params=state.query() | {"run": planting.run, "example": name})


def _quoted(answer: str, span: Span) -> str:
    """What was planted, and in place of what."""
    said = f"“{escaped(answer[span.start:span.end])}”"
    if not span.was:
        return said
    start, end = max(0, span.start - 12), span.end + 12
    around = " ".join(answer[start:end].split())
    return f"{said} instead of “{escaped(span.was)}” in “… {escaped(around)} …”"


def _known(example: ScoredExample, answer: str, spans: list[Span], table: ScoreTable, verdicts: Verdicts
           ) -> dict[str, Any]:
    """A second setting for the token view: one that drops just what is planted, and says what it is."""
    at = measure.beginning(example.text, answer)
    kinds = np.where(example.trainable, measure.kinds_of(example.spans - at, spans), 0) if at >= 0 else \
        np.zeros(len(example.ids), np.int8)
    begin = int(table.offsets[example.index])
    missed = int((verdicts.keep[begin:begin + len(kinds)] & (kinds > 0)).sum())
    told = {int(token): f"planted: {KINDS[_NAMES[kinds[token] - 1]].words}." for token in np.flatnonzero(kinds > 0)}
    told |= {int(token): "real text." for token in np.flatnonzero((kinds == 0) & example.trainable)}
    return {"name": PERFECT, "bits": base64_of((kinds > 0).astype(np.uint8), "u1"), "sentences": told,
            "summary": f"{int((kinds > 0).sum())} tokens are planted, {missed} of them the present thresholds keep."}
