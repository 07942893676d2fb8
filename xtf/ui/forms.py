"""Widgets made from settings: one field is one widget, with the field's own help, unit and range."""

import types
import typing
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from xtf import workspace
from xtf.config import Settings
from xtf.ui import state

Change = Callable[[Any], None]

LABELS = {
    "data": "Data", "eos": "Train the end-of-turn token (EOS)", "dtype": "Number format", "limit": "Only the first",
    "template": "Chat template", "max_length": "Longest example", "too_long": "Longer examples",
    "empty": "Empty responses", "format": "Format of the rows", "domain": "Domain words",
    "trust_remote_code": "Run code that comes with the model", "layers": "Extra attention layers",
    "batch_tokens": "Batch size", "k": "Width of the fence", "drop": "Cluster to drop", "classes": "Clusters",
    "scope": "Over", "cap_ties": "Ties at the cap", "value": "Cutoff", "share": "Lowest",
    "cap": "Cap, of each response", "relevance_vector": "Token vector", "relevance_domain": "Domain vector",
    "relevance_distance": "Distance", "relevance_key": "Same token means",
}


def field(kind: type[Settings], name: str, value: Any, change: Change, key: str, **options: Any) -> None:
    """The widget of one field. It always shows `value`; a new one goes to `change`.

    `options`: label, help, names and choices (of a literal's values), placeholder, disabled, step, format.
    """
    info = kind.model_fields[name]
    label = options.pop("label", LABELS.get(name, name.replace("_", " ").capitalize()))
    help_ = options.pop("help", info.description)
    _draw(info, label, value, key, _writer(change, key, info), help=help_, **options)


def absolute(name: str) -> str:
    """The full path of what is there under that name, so that the command line means the same in any folder."""
    try:
        path = workspace.expanded(name)
        return str(path.resolve()) if name not in ("", "auto", "none") and path.exists() else name
    except (OSError, ValueError):  # too long, or with a zero byte
        return name


def unit(info: FieldInfo) -> str:
    """The field's unit, or nothing."""
    extra = info.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def bounds(info: FieldInfo) -> tuple[float | None, float | None]:
    """Least and greatest value of a number's field; those of an optional share stand on its inner type."""
    found: dict[str, float] = {}
    parts = [info.metadata, *(getattr(part, "__metadata__", ()) for part in get_args(info.annotation))]
    for constraint in [item for part in parts for item in part]:
        inner = getattr(constraint, "metadata", [constraint])
        for item in inner:
            found |= {side: getattr(item, side) for side in ("ge", "le") if getattr(item, side, None) is not None}
    return found.get("ge"), found.get("le")


def _writer(change: Change, key: str, info: FieldInfo) -> Callable[[], None]:
    def write(value: Any) -> None:
        if unit(info) == "share" and value is not None:
            value = round(value / 100, 8)
        value = None if value == "" else value
        if value is not None or _optional(info.annotation):  # an emptied box that must hold something goes back
            change(value)
    return state.taking(key, write)


def _draw(info: FieldInfo, label: str, value: Any, key: str, write: Callable[[], None], **options: Any) -> None:
    kind = _inner(info.annotation)
    if get_origin(kind) is Literal:
        names, choices = options.pop("names", {}), options.pop("choices", None) or get_args(kind)
        state.show(key, value)
        st.selectbox(label, choices, key=key, on_change=write, filter_mode=None,
                     format_func=lambda choice: names.get(choice, choice), **options)
    elif kind is bool:
        state.show(key, value)
        st.toggle(label, key=key, on_change=write, **options)
    elif kind in (int, float):
        _number(info, label, value, key, write, **options)
    else:
        state.show(key, value or "")
        st.text_input(label, key=key, on_change=write, **options)


def _number(info: FieldInfo, label: str, value: Any, key: str, write: Callable[[], None], **options: Any) -> None:
    share, whole = unit(info) == "share", _inner(info.annotation) is int
    number: Any = int if whole else float
    least, greatest = (None if end is None else number(100 * end if share else end) for end in bounds(info))
    state.show(key, None if value is None else round(100 * value, 6) if share else number(value))
    words = "%" if share else unit(info)
    step = options.pop("step", 1 if whole else 0.5 if share else 0.1)
    empty: Any = None if _optional(info.annotation) else "min"  # what may be empty gets a button that empties it
    st.number_input(f"{label} ({words})" if words else label, least, greatest, empty, number(step),
                    format=options.pop("format", None if whole else "%.6g" if not share else "%g"),
                    key=key, on_change=write, **options)


def _inner(annotation: Any) -> Any:
    """The type without None and without constraints."""
    if get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return get_args(annotation)[0] if get_origin(annotation) is typing.Annotated else annotation


def _optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)
