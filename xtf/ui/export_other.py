"""On the Export page: for which other tokenizer, and what carrying over to it did."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from xtf import workspace
from xtf.config import OtherTokenizer, settings
from xtf.filters import IGNORE
from xtf.ui import forms, frame, state
from xtf.ui.state import Form
from xtf.words import escaped, percent

_HELP = {name: field.description for name, field in OtherTokenizer.model_fields.items()}
_AS_SCORED = "as scored"
_TOO_LONG = {_AS_SCORED: None, "stop and say so": "error", "cut its end off": "truncate", "leave it out": "skip"}


def chosen(form: Form) -> OtherTokenizer | None:
    """The fields; None while no tokenizer is named. Raises: SettingsError."""
    name = _field(form, "tokenizer", lambda key, **options: st.text_input(
        "For another model's tokenizer", key=key, placeholder="Hub id, local folder or GGUF file. Leave it empty to "
        "train the model that scored", help=f"{_HELP['tokenizer']} The verdicts carry over by the characters of the "
        "responses.", **options))
    if not name:
        return None
    left, middle, right = frame.cards("export-other", 3)
    template = _field(form, "template", lambda key, **options: left.text_input(
        "Template", key=key, placeholder="As the run was scored", help=_plain("template"), **options))
    longest = _field(form, "max_length", lambda key, **options: middle.number_input(
        "Longest example", key=key, min_value=2, step=1, placeholder="The model's context", help=_plain("max_length"),
        **options))
    too_long = _field(form, "too_long", lambda key, **options: right.selectbox(
        "A longer example", list(_TOO_LONG), key=key, help=_plain("too_long"), **options), _AS_SCORED)
    return settings(OtherTokenizer, {"tokenizer": forms.absolute(name),
                                     "template": forms.absolute(template or "") or None, "max_length": longest,
                                     "too_long": _TOO_LONG[too_long]})


def _field(form: Form, name: str, draw: Callable[..., Any], default: Any = None) -> Any:
    key = f"export.other.{name}"
    state.show(key, form.values.get(name, default))
    draw(key, on_change=form.taking(name, key))
    return form.values.get(name, default)


def _plain(name: str) -> str:
    """A field's help without the flag, which only the command line needs."""
    words = str(_HELP[name]).removeprefix("With --for-tokenizer: ")
    return words[:1].upper() + words[1:]


def stamp(other: OtherTokenizer | None) -> str:
    """The choice as text, which changes when a local tokenizer does."""
    return f"{other.model_dump_json()} {changed(f'{other.tokenizer}/tokenizer.json')}" if other else ""


def changed(name: str | None) -> float:
    """When a local file or folder was changed last, seconds since the epoch; 0 where there is none of that name."""
    try:
        return workspace.expanded(name).stat().st_mtime if name else 0.0
    except (OSError, ValueError, RuntimeError):  # a zero byte, or a home that nobody has
        return 0.0


def report(found: dict[str, Any]) -> None:
    """What carrying over did, from export.json."""
    relations, before, after = found["relations"], found["before"]["kept_share"], found["after"]["kept_share"]
    cells = frame.numbers("export-other", 4)
    cells[0].metric("Kept, other tokens", percent(after), border=True,
                    help="Kept share of the other tokenizer's response tokens; of those that were scored "
                         f"{percent(before)} are kept.")
    cells[1].metric("Match one scored token", percent(relations["same"]["share"]), border=True,
                    help="They stand for the same characters as one scored token and take its verdict.")
    cells[2].metric("Split or merged", percent(found["changed_share"]), border=True,
                    help=f"{percent(relations['split']['share'])} are a part of one scored token, "
                         f"{percent(relations['merged']['share'])} merge several, "
                         f"{percent(relations['crossing']['share'])} do both.")
    cells[3].metric("Mixed verdicts", percent(found["mixed"]["share"]), border=True,
                    help="Made of kept and of dropped tokens: they go with most of their characters, and ties keep.")
    for note in found["notes"]:
        st.caption(escaped(note))


def first_rows(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The first rows of a finished export, the end of each list of numbers as text."""
    return pd.DataFrame([{
        "tokens": len(row["labels"]), "kept": sum(label != IGNORE for label in row["labels"]),
        "input_ids": ending(row["input_ids"]), "labels": ending(row["labels"])} for row in rows])


def ending(values: Sequence[int], longest: int = 16) -> str:
    """The last numbers of a list, as text."""
    text = " ".join(map(str, values[-longest:]))
    return text if len(values) <= longest else f"… {text}"
