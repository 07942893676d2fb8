"""What planted noise has shown: the verdict in words, a heat map, bars, tables, and files to take."""

import json

import streamlit as st

from xtf.bench.planted import ranking, result, tables, verdict
from xtf.bench.planted.kinds import TARGETS
from xtf.bench.planted.result import ALL, Result
from xtf.figures import evidence as figures
from xtf.strategies import STRATEGIES
from xtf.ui import frame, plots, state
from xtf.ui.state import Form
from xtf.words import count, escaped

FORM = Form("evidence-result")
_METRICS = {ranking.AUROC: "AUROC", ranking.PRECISION: "Average precision",
            **{name: f"Recall at {100 * budget:.0f} %" for name, budget in ranking.RECALLS.items()}}


def opened(key: str) -> Result:
    """The result of that key, kept until it is written anew. Raises: StoreError."""
    path = result.folder(key) / "result.json"
    return _opened(key, path.stat().st_mtime_ns if path.is_file() else 0)


@st.cache_resource(max_entries=8, show_spinner=False)
def _opened(key: str, written: int) -> Result:
    return result.load(key)


def section(found: Result) -> None:
    """All but the examples."""
    _verdict(found)
    data = _choice("data", "Data", found.titles())
    left, right = frame.cards("evidence-plots", [4, 3], gap="large")
    with left:
        plots.show(figures.heat(found, data), "evidence-heat")
        st.caption("Of a planted and a clean token, how often the signal ranks the planted one as more like noise: 1 "
                   "is always, 0.5 is chance and has no colour, 0 never. Bold: the 95 % interval (in the hover and "
                   "the table) excludes chance.")
    with right:
        budget = _choice("budget", "Share that may be dropped",
                         {name: f"{100 * share:.0f} %" for name, share in ranking.RECALLS.items()}, usual="recall_10")
        plots.show(figures.recall(found, data, budget), "evidence-recall")
    _filters(found, data)
    _tables(found, data)


def _verdict(found: Result) -> None:
    st.info(f"**{escaped(verdict.headline(found))}**", icon=":material/science:")
    st.markdown("\n".join(f"- {escaped(sentence)}" for sentence in verdict.sentences(found)))
    st.caption(escaped(verdict.basis(found)))
    for note in found.notes:
        st.warning(escaped(note), icon=":material/warning:")


def _choice(name: str, label: str, titles: dict[str, str], usual: str | None = None) -> str:
    """One of several, remembered while the session lives."""
    key, wanted = f"evidence.{name}", FORM.values.get(name)
    wanted = wanted if wanted in titles else usual or next(iter(titles))
    state.show(key, wanted)
    st.segmented_control(label, list(titles), key=key, required=True, on_change=FORM.taking(name, key),
                         format_func=lambda one: titles.get(one, one))
    return str(wanted)


def _filters(found: Result, data: str) -> None:
    """What filters drop as they stand."""
    st.subheader("What filters drop as they stand", anchor=False)
    told = tables.filters(found, data)
    if told.empty:
        st.info("No filter drops anything in this data.", icon=":material/info:")
        return
    shown = {name: st.column_config.TextColumn(name[:1].upper() + name[1:]) for name in told}
    for kind in TARGETS.values():
        shown[kind.title] = st.column_config.TextColumn(kind.title, help=f"Share of it that is dropped. {kind.help}")
    shown["drops"] = st.column_config.TextColumn(
        "Drops", help="Share of all response tokens. Random dropping of that share drops the same share of each kind.")
    shown["of that planted"] = st.column_config.TextColumn(
        "Of that planted", help="Precision: share of the dropped tokens that are planted.")
    st.dataframe(told, hide_index=True, column_config=shown, height="content",
                 alt="What each filter drops, with 95 % intervals")
    chance = next((drop.chance for drop in found.drops if drop.data == data), 0.0)
    together = " All data sets together." if data == ALL else ""
    st.caption("Each at its defaults. Random dropping of the same share would have under each kind what stands under "
               f"*Drops*, and under *Of that planted* {100 * chance:.0f} %. In brackets: 95 % intervals over "
               f"examples.{together}")
    if found.missing:
        with st.expander(f"Not measured here: {count(len(found.missing))} strategies", icon=":material/help:"):
            st.markdown("\n".join(f"- **{escaped(STRATEGIES[name].title if name in STRATEGIES else name)}**: "
                                  f"{escaped(why)}" for name, why in found.missing.items()))


def _tables(found: Result, data: str) -> None:
    """The numbers behind the plots, and files."""
    with st.expander("All figures as a table", icon=":material/table:"):
        metric = _choice("metric", "Figure", _METRICS)
        told = tables.signals(found, data, metric)
        shown = {"signal": st.column_config.TextColumn("Signal", width=230)}
        st.dataframe(told, hide_index=True, column_config=shown, height="content",
                     alt=f"{_METRICS[metric]} with 95 % intervals")
        st.caption("In brackets: 95 % intervals, bootstrap over examples, each with all its tokens.")
    with st.container(horizontal=True):
        st.download_button("Figures as CSV", lambda: tables.numbers(found).to_csv(index=False).encode(),
                           f"planted-{found.key}.csv", "text/csv", on_click="ignore", key="evidence.csv",
                           icon=":material/download:")
        st.download_button("As JSON", lambda: json.dumps(result.written(found), indent=1).encode(),
                           f"planted-{found.key}.json", "application/json", on_click="ignore", key="evidence.json",
                           icon=":material/download:")
