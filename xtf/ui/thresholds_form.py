"""The controls of the Thresholds page: preset, one rule for each attribute, how they combine, what is protected."""

import math
from typing import Any

import numpy as np
import streamlit as st

from xtf.columns import TOKEN_COLUMNS
from xtf.config import MAIN_FIELD, PRESETS, RULES, Cutoff, RuleSettings, Thresholds, settings
from xtf.filters import Verdicts
from xtf.rule_words import SCOPES
from xtf.store import ScoreTable
from xtf.ui import forms, frame, overrides_form, state
from xtf.words import TITLES

RULE_NAMES = {"off": "Off", "cutoff": "Fixed cutoff", "quantile": "Quantile", "fence": "Outliers (IQR fence)",
              "otsu": "Cluster (multi-Otsu)"}
_COMBINE = {"any": "fails any attribute", "two": "fails at least two", "all": "fails all three"}
_RELEVANCE = {
    "relevance_vector": {"embedding": "input embedding", "hidden": "last hidden state"},
    "relevance_domain": {"dataset": "mean of the dataset", "words": "mean of domain words", "both": "average of both"},
    "relevance_distance": {"normalised": "min-max normalised", "raw": "raw cosine"},
    "relevance_key": {"id": "same vocabulary id", "text": "same decoded text"},
}
_FENCE = ("With honest attention the paper's fence (Q1 - k × IQR) lies below the lowest score and drops almost "
          "nothing: that is why *corrected* takes a quantile here.")
_MORE = {"novelty": (), "reasoning": ("reasoning_score",), "relevance": tuple(_RELEVANCE)}


def preset_row() -> None:
    """The preset, what it stands for, and the ways back."""
    left, right = frame.cards("preset", [2, 3], vertical_alignment="bottom")
    key = "thresholds.preset"
    state.show(key, state.preset())
    left.segmented_control("Preset", list(PRESETS), key=key, required=True,
                           on_change=state.taking(key, state.choose_preset),
                           help="Where the settings below start from.\n\n" + "\n\n".join(
                               f"**{name}**: {words}" for name, (words, _) in PRESETS.items()))
    undo, redo, reset = right.columns([5, 6, 4])
    undo.button("Undo", help=state.undo_words(), icon=":material/undo:", width="stretch", shortcut="Ctrl+Z",
                disabled=not state.can_undo(), on_click=state.undo)
    redo.button("Redo", help=state.redo_words(), icon=":material/redo:", width="stretch", shortcut="Ctrl+Shift+Z",
                disabled=not state.can_redo(), on_click=state.redo)
    reset.button("Reset", help="Back to the preset's own settings.", icon=":material/restart_alt:", width="stretch",
                 disabled=state.unchanged(), on_click=lambda: state.choose_preset(state.preset()))
    st.caption(PRESETS[state.preset()][0])


def combination_row(with_insist: bool) -> None:
    """How the attributes combine, and what is never dropped. `with_insist`: here is where that is switched off again,
    because no warning offers it."""
    left, right = frame.cards("combine", [1, 3])
    with left:
        _field("combine", label="Drop a token that", names=_COMBINE)
    with right:
        overrides_form.never_drop()
    if with_insist and state.thresholds().insist:
        insist_toggle()


def insist_toggle() -> None:
    """Whether uninformative scores are used all the same."""
    _field("insist", label="Use uninformative scores")


def move(attribute: str, value: float) -> None:
    """Sets the attribute's threshold, whatever its rule calls it, to where it was dragged. Raises: SettingsError for a
    value out of its range."""
    rule = getattr(state.thresholds(), attribute)
    field = MAIN_FIELD.get(rule.kind)
    if field is not None:  # else the rule was switched off meanwhile
        number = round(value) if field == "drop" else value
        state.change_thresholds(**{attribute: settings(type(rule), {**rule.model_dump(), field: number})})


def rule_form(attribute: str, table: ScoreTable, verdicts: Verdicts) -> None:
    """The rule of one attribute: its kind, and the kind's fields."""
    rule = getattr(state.thresholds(), attribute)
    _kind(attribute, rule, verdicts)
    fields = [name for name in type(rule).model_fields if name not in ("kind", "cap", "cap_ties")]
    for cell, name in zip(_cells(len(fields)), fields, strict=True):
        with cell:
            _rule_field(attribute, rule, name, verdicts)
    if attribute == "reasoning":
        st.caption(_FENCE)
    if rule.kind != "off":
        with st.expander("Cap and score" if _MORE[attribute] else "Cap"):
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
    values = verdicts.attributes[attribute].values  # a callback outlives the page: it must not hold the verdicts
    state.show(key, rule.kind)
    st.selectbox(f"{TITLES[attribute]}: rule", list(RULES), key=key, format_func=RULE_NAMES.__getitem__,
                 filter_mode=None,
                 help="\n\n".join(f"**{RULE_NAMES[kind]}**: {found.__doc__}" for kind, found in RULES.items()),
                 on_change=state.taking(key, lambda kind: state.change_thresholds(
                     **{attribute: started(attribute, kind, values)})))


def started(attribute: str, kind: str, values: np.ndarray) -> RuleSettings:
    """The rule that a change of kind starts with: the preset's if it has that kind, else the kind's defaults; a fixed
    cutoff starts at the lowest two in a hundred, since its unit is the score's own."""
    preset = getattr(PRESETS[state.preset()][1], attribute)
    if preset.kind == kind:
        return preset
    if kind == "cutoff" and attribute != "novelty":
        known = values[np.isfinite(values)]
        return Cutoff(value=float(f"{np.quantile(known, 0.02):.3g}") if len(known) else 0.0)
    return RULES[kind]()


def _known_above(rule: Cutoff) -> None:
    """The probability above which a token counts as known."""
    key = "thresholds.novelty.p"
    state.show(key, round(100 * rule.value, 6))
    st.number_input("Already known above p (%)", 0.0, 100.0, "min", 0.5, format="%.6g", key=key,
                    help="Tokens that the base model gives more than this probability carry no news and are dropped. "
                         "The paper uses 95 %.",
                    on_change=state.taking(key, lambda value: _amend("novelty", "value", round(value / 100, 8))))


def _rule_field(attribute: str, rule: Any, name: str, verdicts: Verdicts) -> None:
    if (attribute, rule.kind, name) == ("novelty", "cutoff", "value"):
        _known_above(rule)
        return
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
