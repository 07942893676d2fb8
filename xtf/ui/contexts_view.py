"""Mounts the list of contexts of a token type; its sources are in assets/."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from xtf.assets import asset
from xtf.contexts import Context

_SIGNS = str.maketrans({"\n": "⏎", "\t": "⇥"})


def _text(name: str) -> str:
    return asset(f"contexts/{name}").read_text(encoding="utf-8")


_component = st.components.v2.component("xtf_contexts", html=_text("contexts.html"), css=_text("contexts.css"),
                                        js=_text("contexts.js"))


def contexts_view(found: Sequence[Context], label: str, address: Callable[[Context], str], key: str) -> Context | None:
    """Shows contexts, each with a link to its `address`; returns the one whose link was just followed, if any."""
    rows = [_row(context, address(context)) for context in found]
    opened = _component(key=key, data={"label": label, "rows": rows}, on_open_change=lambda: None).open
    return next((context for context in found if context.token == opened), None)


def _row(context: Context, address: str) -> dict[str, Any]:
    return {"token": context.token, "id": context.id, "href": address, "keep": context.keep,
            "left": context.left.translate(_SIGNS), "text": signs(context.text),
            "right": context.right.translate(_SIGNS), "sentence": context.sentence}


def signs(text: str) -> str:
    """The text of one token with signs for blanks and for all characters that cannot be seen."""
    return "".join(_SIGN.get(character) or (character if character.isprintable() else f"‹{ord(character):04X}›")
                   for character in text) or "‹empty›"


_SIGN = {" ": "␣", "\n": "⏎", "\t": "⇥"}
