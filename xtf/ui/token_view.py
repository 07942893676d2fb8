"""Mounts the token view, whose data `xtf.figures.tokens` makes and whose sources are in assets/."""

import math
import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from xtf.assets import asset
from xtf.config import ATTRIBUTES
from xtf.figures import by_hand, tokens
from xtf.figures.svg import svg


def _read(name: str) -> str:
    return asset(f"token_view/{name}").read_text(encoding="utf-8")


_component = st.components.v2.component(
    "xtf_token_view", html=_read("view.html"), css=tokens.style(), js=tokens.script())
_saver = st.components.v2.component(
    "xtf_token_save", html=_read("save.html"), css=_read("save.css"), js=_read("save.js"))


def token_view(payload: dict[str, Any], key: str, *, moved: Callable[[str, float], None] | None = None,
               decided: Callable[[dict[str, Any]], None] | None = None) -> int | None:
    """Shows a payload of `xtf.figures.tokens` and returns the position of the token that the user pinned, if any.

    `key` names the run: together with the sample it keys the component, so that a pin never leaks to another sample,
    while new thresholds on the same sample keep pin, focus and scroll position.

    `moved`: called with attribute and new value of its rule's main field when a threshold has been moved on the legend;
    without it none can be. `decided`: called with the fields of a `config.BySpan` or `config.ByType` (all but created
    and note) that the user asks for; without it there are no buttons to do so. Both are called before the page runs.
    """
    key = f"{key}-{payload['sample']}"
    before = _position(_said(key, "pinned"), payload)
    data = {**payload, "pinned": before, "movable": moved is not None, "editable": decided is not None}
    result = _component(key=key, data=data, on_pinned_change=lambda: None,
                        on_moved_change=lambda: _move(_said(key, "moved"), moved),
                        on_decided_change=lambda: _decide(payload, _said(key, "decided"), decided))
    return _position(result.pinned, payload)


@st.fragment
def downloads(payload: dict[str, Any], name: str) -> None:
    """Buttons that save the sample as the token view colours it, as SVG or PNG; made only when asked for.

    `name`: of the file, without its ending.
    """
    key = f"save-{payload['sample']}"
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:80] or "sample"
    _saver(key=key, data={"name": plain, "picture": _picture(payload, _said(key, "asked"))},
           on_asked_change=lambda: None)


def _picture(payload: dict[str, Any], asked: Any) -> dict[str, Any] | None:
    match asked:
        case {"kind": "svg" | "png" as kind, "number": int(number), "mode": str(mode),
              "theme": "light" | "dark" as theme}:
            return {"kind": kind, "number": number, "svg": svg(payload, mode, theme=theme)}
    return None


def _said(key: str, name: str) -> Any:
    """What the component of that key has last reported under a name."""
    return dict(st.session_state.get(key) or {}).get(name)


def _position(pinned: Any, payload: dict[str, Any]) -> int | None:
    """What the browser reported, if there is such a token."""
    return pinned if isinstance(pinned, int) and 0 <= pinned < len(payload["texts"]) else None


def _move(asked: Any, moved: Callable[[str, float], None] | None) -> None:
    match asked:
        case {"attribute": str(name), "value": int() | float() as value}:
            if moved and name in ATTRIBUTES and math.isfinite(value):
                moved(name, float(value))


def _decide(payload: dict[str, Any], asked: Any, decided: Callable[[dict[str, Any]], None] | None) -> None:
    override = by_hand.override(payload, asked)
    if decided and override:
        decided(override)
