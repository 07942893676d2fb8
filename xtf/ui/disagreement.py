"""The page Disagreement: which strategies are held against each other, and from which side. Only the open side is
worked out."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from xtf import disagreement, strategies
from xtf.comparison import seen, variants
from xtf.figures import disagreement as figures
from xtf.runs import Run
from xtf.strategies import STRATEGIES
from xtf.ui import disagreement_data as data
from xtf.ui import disagreement_sample, disagreement_tokens, frame, loaders, plots, state
from xtf.ui.disagreement_data import Compared
from xtf.ui.state import Form
from xtf.words import count, escaped, percent

_FORM = Form("disagreement")
_MOST = 12  # strategies at once: more cannot be told apart


def body(run: Run) -> None:
    """The whole page."""
    names = _picked(run)
    if not loaders.table(run).trainable_counts.any():
        st.info("This run holds no response tokens, so there is nothing to agree about.", icon=":material/info:")
        return
    chosen, lacking = data.compared(run, names, state.thresholds())
    for name, why in lacking.items():
        st.warning(f"**{escaped(variants.title(name))}** is left out. {escaped(why.replace('RUN', run.name))}",
                   icon=":material/block:")
    _more(run, names)
    if len(chosen.names) < 2:
        st.info("Choose at least two strategies that this run can be judged by.", icon=":material/info:")
        return
    lead, draw = _PARTS[_remembered("part", "Look at", list(_PARTS))]
    st.markdown(lead)
    draw(run, chosen)


def _picked(run: Run) -> list[str]:
    """The names of the strategies to compare, in the order of the list."""
    state.own_in_url("strategies")
    key, asked = "disagreement.names", state.own("strategies")
    standard = seen.defaults(loaders.table(run), state.thresholds())
    state.show(key, standard if asked is None else [name for name in variants.NAMES if name in asked.split(",")])
    found = st.multiselect("Strategies", list(variants.NAMES), key=key, format_func=variants.title, filter_mode=None,
                           max_selections=_MOST, on_change=state.taking(key, _choose), placeholder="Choose two or more",
                           help="XTF goes by the present thresholds, random keeps as many tokens as they do, the "
                                "others stand at their published defaults, or as set on the page Thresholds.")
    return [name for name in variants.NAMES if name in found]


def _choose(names: list[str]) -> None:
    state.choose_own(strategies=",".join(names))


def _more(run: Run, names: list[str]) -> None:
    """Strategies that something has to be prepared for, and how."""
    table, base = loaders.table(run), state.thresholds()
    lacks = {name: strategies.lacks(table, seen.thresholds(name, base).strategy) for name in STRATEGIES
             if name not in names}
    lacks = {name: why for name, why in lacks.items() if why}
    if lacks:
        with st.expander(f"{count(len(lacks))} more can be compared once something is prepared",
                         icon=":material/construction:"):
            st.markdown("\n".join(f"- {escaped(why.replace('RUN', run.name))}" for why in lacks.values()))
            frame.link(frame.THRESHOLDS, "Prepare one: choose it as the strategy on the page Thresholds")


def _remembered(name: str, label: str, options: list[Any], **more: Any) -> Any:
    """One choice out of a row, kept while the session lives."""
    key = f"disagreement.{name}"
    state.show(key, _FORM.values.get(name, options[0]))
    return st.segmented_control(label, options, key=key, required=True, label_visibility="collapsed",
                                on_change=_FORM.taking(name, key), **more)


def _agreement(run: Run, chosen: Compared) -> None:
    found = data.agreement(chosen)
    measure = _remembered("measure", "Measure", list(figures.MEASURES),
                          format_func=lambda name: figures.MEASURES[name].title)
    st.caption(figures.MEASURES[measure].help)
    plots.show(figures.matrix(found, measure), f"agreement-{measure}")
    pairs = disagreement.pairs(found)
    known = pairs[pairs["kappa"].notna()]
    if len(known) > 1:
        st.markdown("\n".join(
            f"- {which}: **{escaped(row.a)}** and **{escaped(row.b)}** give the same verdict on {percent(row.same)} of "
            f"the tokens, kappa {figures.number(row.kappa, True)}."
            for which, row in (("Least alike", known.iloc[0]), ("Most alike", known.iloc[-1]))))
    _strategies(chosen)
    with st.expander("All pairs in numbers", icon=":material/table:"):
        st.dataframe(pairs, hide_index=True, alt="Pairs of strategies, the least alike first", column_config=_pairs())
    st.download_button("Pairs as CSV", lambda: pairs.to_csv(index=False).encode(), f"{run.name}-agreement.csv",
                       "text/csv", on_click="ignore", key="disagreement.pairs", icon=":material/download:",
                       help="Both measures and all counts of each pair, as plain numbers.")


def _strategies(chosen: Compared) -> None:
    """What each is and how much it keeps."""
    found = data.agreement(chosen)
    rows = [{"title": title, "kept": 100 * share, "tokens": found.tokens - int(gone), "what": variants.sentence(name)}
            for name, title, share, gone in zip(chosen.names, found.titles, found.kept_shares, found.dropped,
                                                strict=True)]
    st.dataframe(rows, hide_index=True, alt="Strategies and what they keep", height="content", column_config={
        "title": st.column_config.TextColumn("Strategy", width=190),
        "kept": st.column_config.ProgressColumn("Kept", format="%.1f %%", min_value=0, max_value=100, width=110,
                                                help=f"Share of the {count(found.tokens)} response tokens."),
        "tokens": st.column_config.NumberColumn("Tokens", format="localized", width=80, help="Kept response tokens."),
        "what": st.column_config.TextColumn("What it does")})


def _pairs() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {"a": "A", "b": "B", "both": number("Dropped by both", format="localized", help="Response tokens."),
            "only_a": number("Only by A", format="localized"), "only_b": number("Only by B", format="localized"),
            "neither": number("By neither", format="localized"),
            "same": number("Same verdict", format="percent", help=figures.MEASURES["same"].help),
            "kappa": number("Kappa", format="%.3f", help=figures.MEASURES["kappa"].help),
            "jaccard": number("Overlap", format="percent", help=figures.MEASURES["jaccard"].help)}


def _map(run: Run, chosen: Compared) -> None:
    found = data.by_p(chosen)
    st.markdown("\n".join(f"- {escaped(sentence)}" for sentence in disagreement.about_p(found)))
    if "entropy" in loaders.table(run).score_names:
        plots.show(figures.maps(data.regions(chosen), chosen.views()), "regions")
    else:
        st.info("This run holds no entropies: score it again to see the maps.", icon=":material/info:")
    number = st.column_config.NumberColumn
    st.dataframe(found.drop(columns="name"), hide_index=True, height="content",
                 alt="p of what each strategy takes away", column_config={
                     "title": st.column_config.TextColumn("Strategy", width=170),
                     "p_taken": number("Mean p of what it takes away", format="%.3f"),
                     "p_left": number("Mean p of what it trains", format="%.3f"),
                     "r": number("r with p", format="%+.2f", help="Pearson's correlation of being taken away with p, "
                                                                  "the probability that the base model gives the "
                                                                  "token. Above 0 likely tokens go, below 0 unlikely "
                                                                  "ones, near 0 p says nothing.")})
    st.caption("Taken away is what the loss does not see: all of a dropped token, and of a token that DFT weighs by p "
               "the rest, 1 − p. The grey map shows where the tokens lie: a dark cell of a strategy's map that is pale "
               "there holds few.")


_PARTS: dict[str, tuple[str, Callable[[Run, Compared], None]]] = {
    "Agreement": ("How often do two strategies give the same verdict? Kappa is 0 where it is no more than chance, "
                  "about as with random; a pair below 0 pulls in opposite directions.", _agreement),
    "p and entropy": ("Which tokens does each strategy take away: those that the base model knows already, at the "
                      "right edge, or those that surprise it, at the left?", _map),
    "Tokens": ("On which tokens do the strategies differ most? A token counts by the share of pairs of strategies that "
               "give it different verdicts; random ones are left out of that.", disagreement_tokens.section),
    "One sample": ("What does each strategy drop of one response? Tokens are columns, strategies are rows: ✕ is "
                   "dropped, a half-filled cell is weighed down.", disagreement_sample.section),
}
