"""Text laid out in the cells of a monospaced grid: what is drawn where. Pure functions; no character is drawn that XML
does not allow or that would reorder its neighbours."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

_PICTURED = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_NAMED = re.compile("[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_JOINER, _WIDE_VARIANT = "\u200d", "\ufe0f"
_TAB = "⇥   "
BREAK = "⏎"


class Piece(NamedTuple):
    """A stretch of one item's text in one row."""

    item: int
    text: str
    row: int
    column: int
    cells: int
    right_to_left: bool


def tame(text: str) -> str:
    """`text` with control characters pictured, and those named that reorder text or that XML does not allow."""
    pictured = _PICTURED.sub(lambda found: "␡" if found[0] == "\x7f" else chr(0x2400 + ord(found[0])), text)
    return _NAMED.sub(lambda found: f"⟦{codes(found[0])}⟧", pictured)


def codes(text: str) -> str:
    """`U+202E` and the like, joined by blanks."""
    return " ".join(f"U+{ord(character):04X}" for character in text)


def invisible(text: str) -> bool:
    """Whether a text has characters but nothing that would be seen (a lone joiner or accent, say)."""
    return text != "" and all(map(_joins, text)) and tame(text) == text


def clusters(text: str) -> list[tuple[str, int]]:
    """What is drawn as one, and how many cells it takes: 2 for wide East Asian characters, emoji and flags, 1 for
    others; marks take none of their own."""
    found: list[tuple[str, int]] = []
    for character in text:
        last, cells = found[-1] if found else ("", 0)
        if last and (_joins(character) or last.endswith(_JOINER) or _is_flag(last + character)):
            wide = character == _WIDE_VARIANT or _is_flag(last + character)
            found[-1] = (last + character, 2 if wide else cells)
        else:
            found.append((character, 2 if unicodedata.east_asian_width(character) in "WF" else 1))
    return found


def _joins(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me", "Cf") or "\U0001f3fb" <= character <= "\U0001f3ff"


def _is_flag(text: str) -> bool:
    return len(text) == 2 and all("\U0001f1e6" <= character <= "\U0001f1ff" for character in text)


def width(text: str) -> int:
    """Cells that a text takes on one line."""
    return sum(cells for _, cells in clusters(text))


def wrapped(text: str, columns: float) -> list[str]:
    """Lines of at most so many cells, broken at blanks."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width(longer) > columns:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def lay(texts: Iterable[str], columns: int) -> list[Piece]:
    """Where each text goes in rows of so many columns. A text that does not fit into the rest of a row begins the next;
    one longer than a row is cut between characters; a line break is drawn as ⏎ and ends its row."""
    pieces: list[Piece] = []
    row = column = 0
    for item, text in enumerate(texts):
        for k, line in enumerate(tame(text).replace("\t", _TAB).split("\n")):
            if k > 0:
                pieces.append(Piece(item, BREAK, row, column, 1, False))
                row, column = row + 1, 0
            if column and column + width(line) > columns:
                row, column = row + 1, 0
            for part, cells in _cut(line, columns):
                if column and column + cells > columns:
                    row, column = row + 1, 0
                pieces.append(Piece(item, part, row, column, cells, _side(part) == "R"))
                column += cells
    return _mirrored(pieces)


def _cut(line: str, columns: int) -> list[tuple[str, int]]:
    parts: list[tuple[str, int]] = []
    for cluster, cells in clusters(line):
        if parts and parts[-1][1] + cells <= columns:
            parts[-1] = (parts[-1][0] + cluster, parts[-1][1] + cells)
        else:
            parts.append((cluster, cells))
    return parts


def _side(text: str) -> str:
    """L or R, the direction of the first letter; empty for a text without letters."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next(("L" if kind == "L" else "R" for kind in kinds if kind in ("L", "R", "AL")), "")


def _mirrored(pieces: list[Piece]) -> list[Piece]:
    """The same with stretches of right-to-left text, and what stands between them, in the order they are read in."""
    made: list[Piece] = []
    run: list[Piece] = []
    loose: list[Piece] = []
    for piece in pieces:
        side = "L" if piece.text == BREAK else _side(piece.text)
        if side == "L" or (run and piece.row != run[0].row):
            made += [*_turned(run), *loose]
            run, loose = [], []
        if side == "R":
            run, loose = [*run, *loose, piece], []
        else:
            (loose if run else made).append(piece)
    return [*made, *_turned(run), *loose]


def _turned(run: list[Piece]) -> list[Piece]:
    if not run:
        return []
    end = run[-1].column + run[-1].cells
    return [piece._replace(column=run[0].column + end - piece.column - piece.cells) for piece in run]
