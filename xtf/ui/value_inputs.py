"""The inputs of the return as a form: lowest, likely and highest value of each, and where it comes from."""

from typing import Any

import streamlit as st

from xtf.ui import forms
from xtf.ui.state import Form
from xtf.value import words
from xtf.value.inputs import WORDS, Inputs, Source, unused
from xtf.value.settings import ENDS, SPREADS, ValueSettings, moved, unit
from xtf.words import escaped

#: What was given here, by input: whatever is not, is measured or a default.
FORM = Form("value-inputs")
_GROUPS = {
    "Machine and data": ("gpu_price", "fine_tunes", "tokens", "epochs", "train_speed", "score_speed", "rescored"),
    "Training time": ("time_by", "time_ratio", "kept_share", "head_share"),
    "People": ("cleaning_hours", "cleaning_saved", "review_hours", "salary", "work_hours", "setup_hours", "months"),
    "Accuracy": ("accuracy", "point_value"),
}
_BADGES = {"measured": ("green", "straighten"), "yours": ("blue", "edit"), "default": ("gray", "help")}
_TIME_BY = {"kept": "the kept share, as far as a trainer skips", "ratio": "a step time, measured or given"}
_STEPS = {"gpu_price": 0.5, "tokens": 1e6, "train_speed": 100.0, "score_speed": 100.0, "time_ratio": 0.05,
          "salary": 5000.0, "work_hours": 50.0, "point_value": 100.0, "setup_hours": 10.0, "cleaning_hours": 5.0,
          "fine_tunes": 1.0, "epochs": 1.0, "review_hours": 0.5, "accuracy": 0.5}


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
    for title, names in _GROUPS.items():
        st.subheader(title, anchor=False)
        idle = unused(made.settings)
        for name in names:
            if name not in idle or name == "kept_share":
                _input(name, made, counts=name not in idle)


def _input(name: str, made: Inputs, counts: bool) -> None:
    """One input: name, source and, below each other where it is narrow, its three values."""
    with st.container(border=True, gap="xsmall", key=f"value-input-{name}"):
        _head(name, made.sources[name], made.settings.currency, counts)
        if name in SPREADS:
            _ends(name, made)
        elif name == "time_by":
            forms.field(ValueSettings, name, made.settings.time_by, lambda new: FORM.take(name, new), f"value.{name}",
                        names=_TIME_BY, label_visibility="collapsed", label=words.LABELS[name])
        else:
            forms.field(ValueSettings, name, getattr(made.settings, name), lambda new: FORM.take(name, new),
                        f"value.{name}", label_visibility="collapsed", label=words.LABELS[name])


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
        st.caption("It saves no time by itself and does not count here: the step time was measured.")


def _ends(name: str, made: Inputs) -> None:
    kind, value, of = SPREADS[name], getattr(made.settings, name), unit(name, made.settings.currency)
    for end, column in zip(ENDS, st.columns(3, gap="small"), strict=True):
        with column:
            forms.field(kind, end, getattr(value, end), lambda new, end=end: FORM.take(name, moved(value, end, new)),
                        f"value.{name}.{end}", label=end.capitalize(),
                        help=None, step=_STEPS.get(name, 0.1) if of != "%" else 5.0)
