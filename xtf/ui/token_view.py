"""Mounts the token view, whose data `xtf.figures.tokens` makes and whose sources are in assets/."""

from typing import Any

import streamlit as st

from xtf.assets import asset
from xtf.figures import tokens

_component = st.components.v2.component(
    "xtf_token_view", html=asset("token_view.html").read_text(encoding="utf-8"), css=tokens.style(),
    js=tokens.script())


def token_view(payload: dict[str, Any], key: str) -> int | None:
    """Shows a payload of `xtf.figures.tokens` and returns the position of the token that the user pinned, if any.

    `key` names the run: together with the sample it keys the component, so that a pin never leaks to another sample,
    while new thresholds on the same sample keep pin, focus and scroll position.
    """
    key = f"{key}-{payload['sample']}"
    before = _position(dict(st.session_state.get(key) or {}).get("pinned"), payload)
    result = _component(key=key, data={**payload, "pinned": before}, on_pinned_change=lambda: None)
    return _position(result.pinned, payload)


def _position(pinned: Any, payload: dict[str, Any]) -> int | None:
    """What the browser reported, if there is such a token."""
    return pinned if isinstance(pinned, int) and 0 <= pinned < len(payload["texts"]) else None
