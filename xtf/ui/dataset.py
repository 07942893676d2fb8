"""The Dataset page: what the thresholds do to the dataset, from several sides. Only the open side is worked out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from xtf import roles
from xtf.columns import TOKEN_COLUMNS
from xtf.config import ATTRIBUTES
from xtf.figures import correlation, kept, p_entropy, parts, position, reasons
from xtf.figures.drawing import SHORT
from xtf.runs import Run
from xtf.selection import parse, ranged
from xtf.ui import frame, loaders, picking, plots, profiles, state
from xtf.ui.state import Form
from xtf.words import TITLES, count, escaped, percent

_FORM = Form("dataset")
_LOWEST = 0.001  # nats: the least entropy that can be asked for


def sections(run: Run) -> None:
    """A row of sides to look from, then the open one."""
    open_now = _remembered("part", "Look at", list(_PARTS))
    if not loaders.table(run).trainable_counts.any():
        st.info("This run holds no response tokens, so there is nothing to count.", icon=":material/info:")
        return
    lead, draw = _PARTS[open_now]
    st.markdown(lead)
    draw(run)


def _remembered(name: str, label: str, options: list[str]) -> str:
    """One choice out of a row, kept while the session lives."""
    key = f"dataset.{name}"
    state.show(key, _FORM.values.get(name, options[0]))
    return str(st.segmented_control(label, options, key=key, required=True, label_visibility="collapsed",
                                    on_change=_FORM.taking(name, key)))


def _reasons(run: Run) -> None:
    by_bits = profiles.by_role(run, state.thresholds()).sum(axis=0)
    figure = reasons.upset(by_bits)
    picking.show(figure, "upset")
    picking.from_list([figure], "upset.list", loaders.table(run))
    with st.expander("The paper's figures beside these"):
        _paper(loaders.summary(run, state.thresholds()))


def _paper(summary: dict[str, Any]) -> None:
    shares = {TITLES[name]: (summary["attributes"][name]["share"], reasons.PAPER[name]) for name in ATTRIBUTES}
    novelty = summary["attributes"]["novelty"]["dropped"]
    both = summary["overlaps"]["novelty+relevance"] / novelty if novelty else float("nan")
    union = (summary["dropped"] - summary["by_hand"]["alone"]) / summary["trainable"]
    shares |= {"By any of them": (union, reasons.PAPER_UNION),
               "Of novelty's tokens, those that relevance drops too": (both, reasons.PAPER_OVERLAP)}
    st.dataframe(
        pd.DataFrame([{"what": what, "here": 100 * here, "paper": paper} for what, (here, paper) in shares.items()]),
        hide_index=True, alt="Dropped shares here and in the paper", column_config={
            "what": st.column_config.TextColumn("Dropped", width="large"),
            "here": st.column_config.NumberColumn("Here", format="%.2f %%", help="Share of this run's tokens."),
            "paper": st.column_config.NumberColumn("The paper", format="%.2f %%", help="As the paper reports it.")})
    st.caption("The paper's are for GSM8K and DeepSeek-R1-distill-Qwen-1.5B. Another model knows and attends to other "
               "tokens: compare sizes, not digits.")


def _examples(run: Run) -> None:
    examples = loaders.by_example(run, state.thresholds())
    answered = examples[examples["trainable"] > 0]
    left, right = frame.cards("dataset-examples", [3, 1])
    with left:
        picking.show(kept.kept_share_histogram(examples), "kept")
        _kept_range()
    with right:
        _under(1, "No token kept", answered)
        key = "dataset.few"
        state.show(key, _FORM.values.get("few", 5))
        few = int(st.number_input("Fewer kept tokens than", 2, 1000, key=key, on_change=_FORM.taking("few", key),
                                  help="An example with few trained tokens teaches next to nothing."))
        _under(few, f"Fewer than {few} kept", answered)


def _kept_range() -> None:
    key, pick = "dataset.kept", picking.readable() or ""
    low, high = parse(pick).ranges[0] if pick.startswith("kept:") else (0.0, 1.0)
    state.show(key, (round(100 * max(low, 0)), round(100 * min(high, 1))))

    def chosen(ends: tuple[int, int]) -> None:
        share = ends[0] / 100, ends[1] / 100 if ends[1] < 100 else np.inf
        state.choose_pick(None if ends == (0, 100) else ranged("kept", *share))

    st.slider("Show examples by kept share (%)", 0, 100, key=key, step=5, on_change=state.taking(key, chosen))


def _under(few: int, label: str, examples: pd.DataFrame) -> None:
    found = int((examples["kept"] < few).sum())
    st.metric(label, f"{count(found)} examples", border=True,
              help=f"{percent(found / max(len(examples), 1))} of those with response tokens.")
    st.button("Select these", key=f"dataset.under.{min(few, 2)}", disabled=not found, on_click=state.choose_pick,
              args=(f"under:{few}",), help=f"Select the examples that keep fewer than {few} tokens.")


def _classes(run: Run) -> None:
    figure = parts.roles(profiles.by_role(run, state.thresholds()))
    picking.show(figure, "roles")
    picking.from_list([figure], "roles.list", loaders.table(run))
    with st.expander("What the classes are"):
        st.markdown("\n".join(f"- **{role}**: {escaped(words)}" for role, words in roles.WORDS.items()))


def _map(run: Run) -> None:
    if "entropy" not in loaders.table(run).score_names:
        st.info("This run holds no entropies: score it again to see this map.", icon=":material/info:")
        return
    shown = {title: name for name, title in p_entropy.TITLES.items()}[_remembered(
        "map", "Colour by", list(p_entropy.TITLES.values()))]
    rule = state.thresholds().novelty
    found = profiles.p_entropy(run, state.thresholds())
    picking.show(p_entropy.p_entropy(found, shown, cutoff=rule.value if rule.kind == "cutoff" else None),
                 f"map-{shown}", by="box")
    with st.expander("Select a region by numbers"):
        _region()


def _region() -> None:
    cells = st.columns(4)
    low_p = cells[0].number_input("p from", 0.0, 1.0, 0.95, 0.025, format="%.3f", key="dataset.p.low")
    high_p = cells[1].number_input("p below", 0.0, 1.0, 1.0, 0.025, format="%.3f", key="dataset.p.high",
                                   help="1 takes p = 1 in.")
    low = cells[2].number_input("Entropy from (nats)", 0.0, 20.0, 0.0, 0.1, format="%.3f", key="dataset.entropy.low")
    high = cells[3].number_input("Entropy below (nats)", _LOWEST, 20.0, 20.0, 0.1, format="%.3f",
                                 key="dataset.entropy.high", help="20 takes everything above in.")
    sound = low_p < high_p and low < high
    pick = ranged("map", low_p, high_p if high_p < 1 else np.inf, low if low > 0 else -np.inf,
                  high if high < 20 else np.inf) if sound else None
    st.button("Select this region", disabled=not sound, on_click=state.choose_pick, args=(pick,))


def _scores(run: Run) -> None:
    figures = [profiles.score_histogram(run, state.thresholds(), name) for name in ATTRIBUTES]
    for name, figure, cell in zip(ATTRIBUTES, figures, frame.cards("dataset-scores", len(ATTRIBUTES)), strict=True):
        with cell:
            picking.show(figure.update_layout(title=SHORT[name]), f"scores-{name}")
    picking.from_list(figures, "scores.list", loaders.table(run))


def _position(run: Run) -> None:
    base = state.thresholds().reasoning_score.removesuffix("_adjusted")
    columns = [name for name in (base, f"{base}_adjusted") if name in loaders.table(run).score_names]
    if not columns:
        st.info("This run holds no attention weights, so there is no reasoning importance.", icon=":material/info:")
        return
    relative = _remembered("along", "Position as", ["Share of the response", "Tokens"]) != "Tokens"
    title = TOKEN_COLUMNS[base].title.partition(",")[0]
    figures = [position.by_position(profiles.by_position(run, name, relative), title, TOKEN_COLUMNS[name].unit,
                                    relative=relative) for name in columns]
    for name, figure, cell in zip(columns, figures, frame.cards("dataset-position", len(columns)), strict=True):
        with cell:
            figure.update_layout(title="Position-adjusted" if name != base else "Raw")
            picking.show(figure, f"position-{name}-{relative}")
    picking.from_list(figures, f"position.list.{relative}", loaders.table(run))


def _correlation(run: Run) -> None:
    found = profiles.correlations(run, state.thresholds())
    plots.show(correlation.correlation(found), "correlation")
    drawn = "A sample of" if found.sampled else "All"
    st.caption(f"{drawn} {count(found.tokens)} response tokens that have all of these numbers"
               f"{', drawn with a fixed seed' if found.sampled else ''}. Position: response tokens before it. Length: "
               "response tokens of its example.")


_PARTS: dict[str, tuple[str, Callable[[Run], None]]] = {
    "Reasons": ("Which reasons drop tokens, and which drop the same ones? A tall bar under a single dot is what only "
                "that score finds.", _reasons),
    "Examples": ("Is any example left without training? Those at the left keep next to nothing.", _examples),
    "Classes": ("Does a rule hit one kind of token? Numbers or operators that lose far more than words are a warning "
                "in maths.", _classes),
    "p and entropy": ("Draw a box around a region to find its examples. Novelty drops the right edge; what lies at low "
                      "p surprised the model, more so where the entropy is low: it was sure of something else.", _map),
    "Scores": ("Where does each threshold cut? A cut through a hill is fragile: a small move changes much.", _scores),
    "Position": ("Does a token's place decide its score? Where a curve climbs, one threshold for the whole response "
                 "judges places as well as tokens.", _position),
    "Correlation": ("Do the scores say different things? Near zero they do; near ±1 one of them is enough.",
                    _correlation),
}
