"""A report read as a browser's parser reads it, for tests: elements, text and scripts."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "br"}


@dataclass
class Element:
    """One element with what is inside it, in order: elements and strings."""

    tag: str
    attributes: dict
    inside: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(part if isinstance(part, str) else part.text for part in self.inside)

    def all(self, tag, **attributes):
        """Elements of that tag below this one, whose attributes have these values (`class_`: one of the classes)."""
        found = []
        for part in self.inside:
            if isinstance(part, Element):
                if part.tag == tag and all(part.has(name, value) for name, value in attributes.items()):
                    found.append(part)
                found += part.all(tag, **attributes)
        return found

    def has(self, name, value):
        if name == "class_":
            return value in (self.attributes.get("class") or "").split()
        return self.attributes.get(name) == value

    def one(self, tag, **attributes):
        found = self.all(tag, **attributes)
        assert len(found) == 1, (tag, attributes, len(found))
        return found[0]


class _Parser(HTMLParser):
    """Builds the tree and refuses what is not closed in its place."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attributes):
        element = Element(tag, dict(attributes))
        assert len(dict(attributes)) == len(attributes), f"an attribute of {tag} stands twice"
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> closes {self.open[-1].tag} in line {self.getpos()[0]}"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].inside.append(data)


def parsed(path):
    """The document's elements. Fails where a tag is not closed in its place."""
    parser = _Parser()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    assert parser.open == [parser.root]
    return parser.root.one("html")


def data(document, name):
    return json.loads(document.one("script", id=name).text)


def table(element):
    """Rows of a table as lists of text, the heading first."""
    return [[cell.text for cell in row.inside if isinstance(cell, Element)] for row in element.all("tr")]
