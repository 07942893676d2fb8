"""Which arms are compared, in groups, and at which budget; and what that will cost."""

from functools import partial

import streamlit as st

from xtf.comparison import variants
from xtf.comparison.budget import NORMAL, WORDS
from xtf.comparison.settings import CompareSettings
from xtf.strategies import STRATEGIES
from xtf.ui import state
from xtf.ui.arms_work import FORM
from xtf.words import count, escaped

#: Title → arms, and what they have in common. Random shares are those of methods that keep a share of their own.
GROUPS: dict[str, tuple[tuple[str, ...], str]] = {
    "XTF": (("xtf", "xtf-paper", "xtf-published-code", *variants.ABLATIONS),
            "The thresholds of this run; other presets; and some of the three attributes only: RI is reasoning "
            "importance, KN knowledge novelty, TR task relevance."),
    "Controls": ((NORMAL, "random", "random-20", "random-60"),
                 "What a gain has to be measured against: all tokens, and tokens drawn at random, as many as the "
                 "thresholds keep or a share of 20 % (as entropy keeps) or 60 % (as methods with a reference keep)."),
    "Data": (("df-perplexity", "df-ifd", "augment"), "Whole examples are left out, or others are added."),
    "Reference model": (("slm", "token-cleaning", "self-evolving"),
                        "Tokens from which a fine-tuned reference model shows that there is something to learn."),
    "Switches": (("stm", "dft", "eaft", "entropy"), "Rules that take nothing but the scoring pass."),
}
_ORDER = [name for names, _ in GROUPS.values() for name in names]
_SHARED = ("slm", "token-cleaning")  # one reference model serves both


def arms() -> None:
    """A row of choices for each group, what the chosen ones do, and the budget."""
    chosen = _chosen()
    for title, (names, sentence) in GROUPS.items():
        key = f"arms.strategies.{title}"
        state.show(key, [name for name in names if name in chosen])
        st.pills(title, names, key=key, selection_mode="multi", format_func=variants.title, help=sentence, wrap=True,
                 on_change=state.taking(key, partial(_take, names)))
    with st.expander(f"What these {count(len(chosen))} do", icon=":material/help:"):
        st.markdown("\n".join(f"- **{variants.title(name)}**: {escaped(variants.sentence(name))}" for name in chosen))
    _budget()


def _chosen() -> tuple[str, ...]:
    return tuple(FORM.values.get("strategies", CompareSettings().strategies))


def _take(names: tuple[str, ...], value: list[str]) -> None:
    """Puts what was chosen of one group among the others, normal and its like first, as they are listed."""
    kept = {*value, *(name for name in _chosen() if name not in names)}
    usual = CompareSettings().strategies
    FORM.take("strategies", (*(name for name in usual if name in kept),
                             *(name for name in _ORDER if name in kept and name not in usual)))


def _budget() -> None:
    key, wanted = "arms.budget", FORM.values.get("budget", "raw")
    state.show(key, wanted)
    st.segmented_control("Budget", list(WORDS), key=key, required=True, format_func=lambda name: WORDS[name][0],
                         on_change=FORM.taking("budget", key), help="What all arms have in common.")
    st.caption(f"{WORDS[wanted][1][:1].upper()}{WORDS[wanted][1][1:]}.")


def cost(chosen: CompareSettings) -> str:
    """What it will take, in a sentence or two."""
    many = len(chosen.strategies) * chosen.seeds
    said = f"{count(many)} {'fine-tune' if many == 1 else 'fine-tunes'} one after the other, each evaluated, and the " \
           "base model first."
    kinds = {kind: STRATEGIES[kind] for kind in chosen.strategies if kind in STRATEGIES and STRATEGIES[kind].cost}
    if {*_SHARED} <= kinds.keys():
        kinds.pop(_SHARED[1])
    before = "; ".join(f"{one.title} takes {one.cost}" for one in kinds.values())
    return f"{said} Before that, unless it was done already: {before}." if before else said
