"""Step 1 of the Export page: for which trainer. What follows from that, and what is seldom changed, is tucked away."""

from typing import Any

import streamlit as st

from xtf.config import ExportSettings, OtherTokenizer
from xtf.runs import Run
from xtf.ui import export_choice, export_other, forms, frame, state
from xtf.ui.export_choice import FORM, FORMATS, IN_TOKENS, TRAINERS, Choice


def choose(run: Run) -> Choice:
    """The form. Raises: SettingsError naming all faults."""
    st.subheader("1 · For which trainer?", anchor=False)
    _one_of("trainer", "Trainer", {name: trainer.label for name, trainer in TRAINERS.items()},
            export_choice.trainer_name(),
            label_visibility="collapsed")
    title, what = FORMATS[export_choice.format_()]
    st.caption(f"{export_choice.trainer().sentence} It gets: **{title}**. {what}"
               + (f"  \nOptions: {', '.join(words)}." if (words := export_choice.changed()) else ""))
    with st.expander("Format and options", icon=":material/tune:"):
        other = _options()
    return export_choice.chosen(run, other)


def _options() -> OtherTokenizer | None:
    takes = export_choice.trainer().formats
    if len(takes) > 1:
        _one_of("format", "Format", {name: FORMATS[name][0] for name in takes}, export_choice.format_())
    left, right = frame.cards("export-leave", 2)
    with left:
        st.caption("Leave out")
        _field("drop_empty", label="Examples without a kept token")
        _field("drop_duplicates", label="Duplicates", help="Of examples with the same tokens, only the first is "
                                                           "exported.")
        _field("drop_long", label="Examples that the trainer would cut")
        _field("drop_overlap", label="Examples that are in the held-out data", disabled=not _held_out())
    with right:
        _field("trainer_length", label="The trainer's longest example", placeholder="what the model takes")
        data, split = st.columns([3, 1])
        with data:
            _field("held_out", label="Held-out data", placeholder="File, folder or hub id")
        with split:
            _field("held_out_split", label="Split", disabled=not _held_out())
    if export_choice.format_() not in IN_TOKENS:
        return None
    other = export_other.chosen(FORM)
    _extra_columns(other)
    return other


def _extra_columns(other: OtherTokenizer | None) -> None:
    left, right = frame.cards("export-columns", 2)
    with left:
        _field("with_weights", label="A column of weights",
               help="loss_weights: 1 for a kept token and 0 for any other, for trainers that weigh tokens.")
    with right:
        _field("with_scores", label="Columns of scores", disabled=other is not None,
               help="Adds id, reasoning, p, relevance and the verdict bits of each token. Most trainers want exactly "
                    "the three columns without them.")
    if other:
        st.caption("Scores belong to the tokens that were scored: another tokenizer has none.")


def _held_out() -> bool:
    return bool(export_choice.option("held_out"))


def _field(name: str, **options: Any) -> None:
    def change(value: Any) -> None:
        FORM.take(name, value)
    forms.field(ExportSettings, name, export_choice.option(name), change, f"export.{name}", **options)


def _one_of(name: str, label: str, names: dict[str, str], now: str, **options: Any) -> None:
    key = f"export.{name}"
    state.show(key, now)
    st.segmented_control(label, list(names), key=key, required=True, format_func=names.__getitem__,
                         on_change=FORM.taking(name, key), **options)
