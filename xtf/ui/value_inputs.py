"""The inputs of the return as a form: lowest, likely and highest value of each, and where it comes from."""

from functools import partial
from typing import Any, Literal

import streamlit as st

from xtf.ui import forms
from xtf.ui.state import Form
from xtf.value import words
from xtf.value.inputs import WORDS, Inputs, Kind, Source, unused
from xtf.value.settings import ENDS, SPREADS, Spread, ValueSettings, moved, unit
from xtf.words import escaped

#: What was given here, by input: whatever is not, is measured or a default.
FORM = Form("value-inputs")
_GROUPS = {
    "Machine and data": ("gpu_price", "fine_tunes", "tokens", "epochs", "train_speed", "score_speed", "rescored"),
    "Training time": ("time_by", "time_ratio", "kept_share", "head_share"),
    "People": ("cleaning_hours", "cleaning_saved", "review_hours", "salary", "work_hours", "setup_hours", "months"),
    "Accuracy": ("accuracy", "point_value"),
}
_BADGES: dict[Kind, tuple[Literal["green", "blue", "gray"], str]] = {
    "measured": ("green", "straighten"), "yours": ("blue", "edit"), "default": ("gray", "help")}
_TIME_BY = {"kept": "the kept share, as far as a trainer skips", "ratio": "a step time, measured or given"}
_STEPS = {"gpu_price": 0.5, "tokens": 1e6, "train_speed": 100.0, "score_speed": 100.0, "time_ratio": 0.05,
          "salary": 5000.0, "work_hours": 50.0, "point_value": 100.0, "setup_hours": 10.0, "cleaning_hours": 5.0,
          "fine_tunes": 1.0, "epochs": 1.0, "review_hours": 0.5, "accuracy": 0.5}
#: Shown in full; of all others four digits, which is more than any is known by.
_WHOLE = ("tokens", "salary", "work_hours")


def given() -> dict[str, Any]:
    """What was given here."""
    return dict(FORM.values)


def section(made: Inputs) -> None:
    """All inputs in groups."""
    head, button = st.columns([2, 1], vertical_alignment="bottom")
    with head:
        forms.field(ValueSettings, "currency", made.settings.currency, lambda new: FORM.take("currency", new),
                    "value.currency", max_chars=8)
    button.button("Forget my inputs", icon=":material/restart_alt:", disabled=not FORM.values, width="stretch",
                  key="value.reset", on_click=FORM.values.clear,
                  help="Back to what was measured, and to the defaults.")
    idle = unused(made.settings)
    for title, names in _GROUPS.items():
        with st.container(border=True, gap="small"):
            st.subheader(title, anchor=False)
            for end, column in zip(ENDS, st.columns(len(ENDS), gap="small"), strict=True):
                column.caption(f"**{end.capitalize()}**", help=Spread.model_fields[end].description)
            for name in names:
                if name not in idle or name == "kept_share":
                    _input(name, made, counts=name not in idle)


def _input(name: str, made: Inputs, counts: bool) -> None:
    """One input: name, source and its three values, or its one."""
    with st.container(gap=None, key=f"value-input-{name}"):
        _head(name, made.sources[name], made.settings.currency, counts)
        if name in SPREADS:
            _ends(name, made)
        else:
            forms.field(ValueSettings, name, getattr(made.settings, name), lambda new: FORM.take(name, new),
                        f"value.{name}", label_visibility="collapsed", label=words.LABELS[name],
                        **({"names": _TIME_BY} if name == "time_by" else {}))


def _head(name: str, source: Source, currency: str, counts: bool) -> None:
    of = unit(name, currency)
    colour, icon = _BADGES[source.kind]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.markdown(f"**{words.LABELS[name]}**{f' ({escaped(of)})' if of else ''}", width="content",
                    help=ValueSettings.model_fields[name].description)
        st.badge(WORDS[source.kind], icon=f":material/{icon}:", color=colour)
    if source.told:
        st.caption(escaped(source.told))
    if not counts:
        st.caption("It saves no time by itself and does not count here: training time follows the step time.")


def _ends(name: str, made: Inputs) -> None:
    kind, value, of = SPREADS[name], getattr(made.settings, name), unit(name, made.settings.currency)
    options = {"step": 5.0 if of == "%" else _STEPS.get(name, 0.1), "format": "%.0f" if name in _WHOLE else "%.4g"}
    for end, column in zip(ENDS, st.columns(len(ENDS), gap="small"), strict=True):
        with column:
            forms.field(kind, end, getattr(value, end), partial(_move, name, value, end), f"value.{name}.{end}",
                        label=f"{words.LABELS[name]}, {end}", help=None, label_visibility="collapsed", **options)


def _move(name: str, value: Spread, end: str, new: float) -> None:
    FORM.take(name, moved(value, end, new))
