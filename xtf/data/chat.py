"""Where the contents of messages stand in a rendered chat template, to the character."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Render = Callable[[Sequence[str]], str]  # contents of the messages → the text that the template makes of them


@dataclass(frozen=True)
class Region:
    """The content of message `message` is text[start:end]."""

    message: int
    start: int
    end: int


def locate(render: Render, contents: Sequence[str]) -> tuple[str, list[Region] | None]:
    """The rendered text, and the regions of the contents in it, in the order of the text. A content that the template
    leaves out has no region. None instead of regions where the template rewrites contents beyond recognition.

    The template is rendered a second time with placeholders as contents; where that frame, filled with the contents
    (stripped, perhaps), is the real text, the regions are known. Templates that look into contents (to cut out a
    chain of thought, say) give another frame: then the contents are replaced one by one, and what changes with a
    content is its region; or a content is found where it stands only once.
    """
    text = render(contents)
    marks = _placeholders(contents)
    return text, _filled(text, render(marks), marks, contents) or _one_by_one(render, text, marks, contents)


def _placeholders(contents: Sequence[str]) -> list[str]:
    """Words of letters and digits only, none of which occurs in a content or in another placeholder."""
    stem = "xtfcontent"
    while any(stem in content for content in contents):
        stem += "q"
    return [f"{stem}{index}e" for index in range(len(contents))]


def _filled(text: str, frame: str, marks: Sequence[str], contents: Sequence[str]) -> list[Region] | None:
    pieces = re.split(f"({'|'.join(marks)})", frame)  # template, mark, template, …, template
    if not text.startswith(pieces[0]):
        return None
    regions, cursor = [], len(pieces[0])
    for mark, after in zip(pieces[1::2], pieces[2::2]):
        index = marks.index(mark)
        filled = _filling(text, cursor, contents[index], after)
        if filled is None:
            return None
        regions.append(Region(index, cursor, cursor + len(filled)))
        cursor += len(filled) + len(after)
    return regions if cursor == len(text) else None


def _filling(text: str, cursor: int, content: str, after: str) -> str | None:
    """What stands at `cursor` for the content and is followed by the template's next piece."""
    for filled in (content, content.strip()):
        if text.startswith(filled + after, cursor):
            return filled
    return None


def _one_by_one(render: Render, text: str, marks: Sequence[str], contents: Sequence[str]) -> list[Region] | None:
    regions: list[Region] = []
    for index, mark in enumerate(marks):
        other = render([*contents[:index], mark, *contents[index + 1:]])
        if other == text:  # the template leaves this content out
            continue
        span = _difference(text, other, mark, contents[index]) or _only_place(text, contents[index])
        if span is None:
            return None
        regions.append(Region(index, *span))
    regions.sort(key=lambda region: region.start)
    overlap = any(left.end > right.start for left, right in pairwise(regions))
    return None if overlap else regions


def _difference(text: str, other: str, mark: str, content: str) -> tuple[int, int] | None:
    """Where `text` has something in place of the placeholder that `other` has, all else being equal."""
    before, found, after = other.partition(mark)
    start, end = len(before), len(text) - len(after)
    if not found or start > end or not text.startswith(before) or not text.endswith(after):
        return None
    at = text.find(content, start, end) if content else -1  # without what the template adds for this content's sake
    return (start, end) if at < 0 else (at, at + len(content))


def _only_place(text: str, content: str) -> tuple[int, int] | None:
    for wanted in (content, content.strip()):
        if wanted and text.count(wanted) == 1:
            start = text.index(wanted)
            return start, start + len(wanted)
    return None
