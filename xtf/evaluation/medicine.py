"""The decision that an answer states, as PubMedQA has them: yes, no or maybe.

It is what follows the first "final decision" (or, without one, "answer is" or "answer:"); else the text's first word if
that is a decision; else the last word of the text that is one. A word in between, as in "there was no difference", so
counts only where nothing better is said.
"""

import re

_DECISION = r"\W*\b(yes|no|maybe)\b"
_STATED = [re.compile(mark + _DECISION, re.I) for mark in (r"final\s+decision(?:\s+is)?", r"answer(?:\s+is)?", r"\A")]
_WORD = re.compile(r"\b(yes|no|maybe)\b", re.I)


def extract(text: str) -> str | None:
    """yes, no or maybe; None if the text has none of these words."""
    for stated in _STATED:
        if found := stated.search(text):
            return found[1].lower()
    words = _WORD.findall(text)
    return words[-1].lower() if words else None


def correct(answer: str, expected: str) -> bool:
    """Whether it is the same decision."""
    return answer == expected
