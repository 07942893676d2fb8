"""The controls of the Thresholds page: preset, one rule for each attribute, how they combine, what is protected."""

import math
from typing import Any

import numpy as np
import streamlit as st

from xtf.columns import TOKEN_COLUMNS
from xtf.config import ATTRIBUTES, PRESETS, RULES, Cutoff, RuleSettings, Thresholds
from xtf.filters import Verdicts
from xtf.store import ScoreTable
from xtf.ui import forms, frame, state

RULE_NAMES = {"off": "Off", "cutoff": "Fixed cutoff", "quantile": "Quantile", "fence": "Outliers (IQR fence)",
              "otsu": "Cluster (multi-Otsu)"}
SCOPES = {"example": "each response", "dataset": "all responses", "dataset+prompts": "responses and prompts"}
_COMBINE = {"any": "fails any attribute", "two": "fails at least two", "all": "fails all three"}
_RELEVANCE = {
    "relevance_vector": {"embedding": "input embedding", "hidden": "last hidden state"},
    "relevance_domain": {"dataset": "mean of the dataset", "words": "mean of domain words", "both": "average of both"},
    "relevance_distance": {"normalised": "min-max normalised", "raw": "raw cosine"},
    "relevance_key": {"id": "same vocabulary id", "text": "same decoded text"},
}
_RANKS = ("lowest", "second-lowest", "third-lowest", "fourth-lowest", "fifth-lowest")
_MORE = {"novelty": (), "reasoning": ("reasoning_score",), "relevance": tuple(_RELEVANCE)}


def preset_row() -> None:
    """The preset, what it stands for, and the way back to it."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    key = "thresholds.preset"
    state.show(key, state.preset())
    left.segmented_control("Preset", list(PRESETS), key=key, required=True,
                           on_change=state.taking(key, state.choose_preset),
                           help="Where the settings below start from.")
    right.button("Reset", help="Back to the preset's own settings.", icon=":material/restart_alt:", width="stretch",
                 disabled=state.unchanged(), on_click=lambda: state.choose_preset(state.preset()))
    note = "" if state.unchanged() else " **Changed since.**"
    st.caption(f"{PRESETS[state.preset()][0]}{note}")


def combination_row() -> None:
    """How the attributes combine, and what is never dropped."""
    cells = frame.numbers("combine", 4, vertical_alignment="bottom")
    with cells[0]:
        _field("combine", label="Drop a token that", names=_COMBINE)
    for cell, name, label in ((cells[1], "protect_eos", "Protect the end of turn (EOS)"),
                              (cells[2], "protect_final_answer", "Protect the final answer"),
                              (cells[3], "insist", "Use uninformative scores")):
        with cell:
            _field(name, label=label)


def rule_form(attribute: str, table: ScoreTable, verdicts: Verdicts) -> None:
    """The rule of one attribute: its kind, and the kind's fields."""
    rule = getattr(state.thresholds(), attribute)
    _kind(attribute, rule, verdicts)
    fields = [name for name in type(rule).model_fields if name not in ("kind", "cap", "cap_ties")]
    p_cutoff = attribute == "novelty" and rule.kind == "cutoff"
    if p_cutoff:
        _p_slider(rule)
        fields.remove("value")
    for cell, name in zip(_cells(len(fields)), fields, strict=True):
        with cell:
            _rule_field(attribute, rule, name, verdicts)
    if rule.kind != "off":
        with st.expander("Cap and score" if _MORE[attribute] else "Exact cutoff and cap" if p_cutoff else "Cap"):
            if p_cutoff:
                _p_exactly(rule)
            _rule_field(attribute, rule, "cap", verdicts)
            if rule.cap is not None:
                _rule_field(attribute, rule, "cap_ties", verdicts)
            for name in _MORE[attribute]:
                _score_field(name, table)


def _cells(number: int) -> list[Any]:
    """A place for each of so many fields: pairs side by side, a last odd one by itself."""
    cells: list[Any] = []
    while len(cells) < number:
        cells += st.columns(2, vertical_alignment="bottom") if number - len(cells) > 1 else [st.container()]
    return cells


def _kind(attribute: str, rule: Any, verdicts: Verdicts) -> None:
    key = f"thresholds.{attribute}.kind"
    state.show(key, rule.kind)
    st.selectbox("Rule", list(RULES), key=key, format_func=RULE_NAMES.__getitem__, filter_mode=None,
                 help="\n\n".join(f"**{RULE_NAMES[kind]}**: {found.__doc__}" for kind, found in RULES.items()),
                 on_change=state.taking(key, lambda kind: state.change_thresholds(
                     **{attribute: started(attribute, kind, verdicts)})))


def started(attribute: str, kind: str, verdicts: Verdicts) -> RuleSettings:
    """The rule that a change of kind starts with: the preset's if it has that kind, else the kind's defaults; a fixed
    cutoff starts at the lowest two in a hundred, since its unit is the score's own."""
    preset = getattr(PRESETS[state.preset()][1], attribute)
    if preset.kind == kind:
        return preset
    if kind == "cutoff" and attribute != "novelty":
        values = verdicts.attributes[attribute].values
        known = values[np.isfinite(values)]
        return Cutoff(value=float(f"{np.quantile(known, 0.02):.3g}") if len(known) else 0.0)
    return RULES[kind]()


def _p_slider(rule: Any) -> None:
    """The probability above which a token counts as known."""
    key = "thresholds.novelty.slider"
    state.show(key, round(100 * rule.value, 6))
    st.slider("Already known above p =", 0.0, 100.0, step=0.5, format="%g %%", key=key,
              help="Tokens that the base model gives more than this probability carry no news and are dropped. The "
                   "paper uses 95 %.",
              on_change=state.taking(key, lambda value: _amend("novelty", "value", round(value / 100, 8))))


def _p_exactly(rule: Any) -> None:
    """The same to any digit. A form: a second live widget would fight with the slider while that is moved."""
    with st.form("thresholds.novelty.exactly", border=False):
        box, button = st.columns([2, 1], vertical_alignment="bottom")
        value = box.number_input("p, exactly (%)", 0.0, 100.0, 100 * rule.value, 0.1, format="%g")
        if button.form_submit_button("Set", width="stretch"):
            _amend("novelty", "value", round(value / 100, 8))
            st.rerun()


def _rule_field(attribute: str, rule: Any, name: str, verdicts: Verdicts) -> None:
    options: dict[str, Any] = {"names": SCOPES} if name == "scope" else {}
    if name == "share" and attribute == "novelty":
        options["label"] = "Highest p"
    if name == "value":
        options["step"] = _step(verdicts.attributes[attribute].values)
    if name == "cap":
        options["placeholder"] = "no cap"
    if name == "drop":
        options["help"] = "0 is the cluster with the lowest scores" + (" (the highest p)." if attribute == "novelty"
                                                                       else ".")
    forms.field(type(rule), name, getattr(rule, name),
                lambda value: _amend(attribute, name, value),
                f"thresholds.{attribute}.{name}", **options)


def _amend(attribute: str, name: str, value: Any) -> None:
    """Changes one field of the rule as it is now: two widgets may have changed since the page was drawn."""
    rule = getattr(state.thresholds(), attribute)
    update = {name: value}
    if name == "classes":
        update["drop"] = min(rule.drop, value - 1)  # there is no such cluster any more
    state.change_thresholds(**{attribute: rule.model_copy(update=update)})


def _step(values: np.ndarray) -> float:
    """A step of about a two-hundredth of the scores' range, as a power of ten."""
    known = values[np.isfinite(values)]
    span = float(np.quantile(known, 0.9) - np.quantile(known, 0.1)) if len(known) else 1.0
    return float(10 ** math.floor(math.log10(span / 50))) if span > 0 else 0.01


def _score_field(name: str, table: ScoreTable) -> None:
    if name == "reasoning_score":
        held = [score for score in table.score_names if score.startswith("received") or score == "row_mean"]
        _field(name, label="Score", names={score: TOKEN_COLUMNS[score].title for score in held}, choices=held)
    else:
        _field(name, names=_RELEVANCE[name])


def _field(name: str, **options: Any) -> None:
    forms.field(Thresholds, name, getattr(state.thresholds(), name),
                lambda value: state.change_thresholds(**{name: value}), f"thresholds.{name}", **options)


def described(thresholds: Thresholds) -> list[str]:
    """The three rules in a line each, for pages that only show them."""
    return [_described(getattr(thresholds, name), name) for name in ATTRIBUTES]


def _described(rule: Any, name: str) -> str:
    novelty = name == "novelty"
    words = {
        "off": lambda: "nothing",
        "cutoff": lambda: f"p above {100 * rule.value:g} %" if novelty else f"below {rule.value:g}",
        "quantile": lambda: f"the {'highest' if novelty else 'lowest'} {100 * rule.share:g} % of {SCOPES[rule.scope]}",
        "fence": lambda: f"outside {rule.k:g} × IQR of {SCOPES[rule.scope]}",
        "otsu": lambda: f"the {_RANKS[rule.drop]} of {rule.classes} clusters over {SCOPES[rule.scope]}",
    }[rule.kind]()
    return words if rule.cap is None or rule.kind == "off" else f"{words}, at most {100 * rule.cap:g} % of a response"

