"""Text from data, before it is escaped for HTML: nothing in it may reorder or hide what stands around it."""

import re

from xtf.words import excerpt, visible

#: Controls (without tab and line break), what reorders or breaks lines unseen, and lone surrogates.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def tame(text: str) -> str:
    """Controls and marks of direction by name: `⟦U+202E⟧`."""
    return _UNSEEN.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", text)


def line(text: str, longest: int = 90) -> str:
    """The start of a text, on one line."""
    return tame(excerpt(text, longest))


def token(text: str) -> str:
    """A token shown alone: blanks as signs."""
    return tame(visible(text)) or "∅"
