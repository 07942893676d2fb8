"""What part a token plays in a text, told from its own characters alone: numbers, operators, words and so on."""

import re
from typing import get_args
from weakref import WeakKeyDictionary

import numpy as np

from xtf.columns import Mark
from xtf.config import Role
from xtf.store import ScoreTable

ROLES: tuple[Role, ...] = get_args(Role)
WORDS: dict[Role, str] = {
    "words": "letters, and what is joined to them",
    "numbers": "digits, with signs, separators and units of them but no letters",
    "operators": "+ - * / = < > and other signs of calculation",
    "punctuation": "full stops, commas, brackets, quotes and other signs",
    "code": "brackets and signs of programming, names_like_this and likeThis",
    "whitespace": "blanks, tabs and line breaks alone",
    "special": "special tokens of the tokenizer, such as the end of turn",
    "other": "pieces of a character, and characters that cannot be seen",
}
_NUMBER = re.compile(r"[\W_]*\d[\d\W]*", re.ASCII)
_OPERATORS = re.compile(r"[-+*/=<>^%&|~!±×÷·−≤≥≠≈≡∑∏√∞∂∫∈→←⇒]+")
_CODE = re.compile(r"[{}\[\]\\;`]|\w_|_\w|[a-z][A-Z]|\(\)|^_+$")


def role(text: str) -> Role:
    """The role of a token with that decoded text. "-" and "!" alone count as operators."""
    bare = text.strip()
    if not bare:
        return "whitespace" if text else "other"
    if "\ufffd" in bare or not bare.isprintable():
        return "other"
    if _NUMBER.fullmatch(bare):
        return "numbers"
    if _OPERATORS.fullmatch(bare):
        return "operators"
    if _CODE.search(bare):
        return "code"
    return "words" if any(character.isalnum() for character in bare) else "punctuation"


_KNOWN: WeakKeyDictionary[ScoreTable, np.ndarray] = WeakKeyDictionary()


def of_types(table: ScoreTable) -> np.ndarray:
    """uint8[V']: the role of each token type, as its place in ROLES."""
    if table not in _KNOWN:
        places = {name: place for place, name in enumerate(ROLES)}
        found = np.array([places[role(text)] for text in table.type_texts], np.uint8)
        found[np.unique(table.type_of[(table.marks & Mark.SPECIAL) != 0])] = places["special"]
        _KNOWN[table] = found
    return _KNOWN[table]
