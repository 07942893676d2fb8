"""A comparison's table as a file that stands by itself: plain numbers as CSV; HTML, LaTeX and Markdown for reading.

Those for reading carry a caption that says what intervals, tests and correction are, and why cells are missing.
"""

import html
from collections.abc import Callable
from typing import NamedTuple

from xtf import markdown
from xtf.comparison import latex, paper, table
from xtf.comparison.budget import WORDS
from xtf.comparison.folder import BASE
from xtf.comparison.result import Result
from xtf.comparison.verdict import verdict
from xtf.markdown import CONTROLS
from xtf.words import count

INTERVALS = ("In brackets: 95 % intervals, of shares of right answers with one seed Wilson's, else by bootstrap over "
             "held-out examples; of differences over seeds, too.")
TESTS = ("p is two-sided, paired by example and seed: random sign flips, which with one seed of right and wrong "
         "answers are McNemar's exact test. Adjusted is Holm's correction: all strategies against normal and against "
         "random are one family for each measure. A difference is shown where its interval leaves out 0 and its "
         "adjusted p is below 0.05.")
_PAPER = (f"The column of the paper's is not ours but {paper.LABEL}: average accuracy, with other models, data and "
          "amounts of training.")
_STYLE = """\
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { caption-side: bottom; max-width: 60rem; padding-top: 0.75rem; text-align: left; }
th, td { padding: 0.3rem 0.7rem; text-align: left; white-space: nowrap; }
thead { border-bottom: 1px solid; border-top: 2px solid; }
tbody { border-bottom: 2px solid; }
.paper { font-style: italic; opacity: 0.75; }"""


class Format(NamedTuple):
    """A kind of file: its name on a button, the end of its name, its media type, and what writes it."""

    title: str
    suffix: str
    media: str
    made: Callable[[Result], str]


def caption(found: Result) -> list[str]:
    """Sentences that make the table readable without the page it came from."""
    return [_basis(found), INTERVALS, TESTS,
            *([_PAPER] if table.PAPER in table.cells(found)[0] else []),
            *found.notes, *(f"Missing: {sentence}" for sentence in table.missing(found))]


def _basis(found: Result) -> str:
    """`Comparison helped: 4 held-out examples of hostile, 2 seeds of each strategy. Budget: …`"""
    seeds = max((row.wanted for row in found.rows if row.name != BASE), default=0)
    measured = f"{count(found.examples)} held-out examples of {found.held_out}" if found.examples else "nothing yet"
    many = f"{count(seeds)} {'seed' if seeds == 1 else 'seeds'} of each strategy"
    return f"Comparison {found.name}: {measured}, {many}. Budget: {WORDS[found.budget][1]}."


def _csv(found: Result) -> str:
    """A row for each strategy, plain numbers: shares in [0, 1], nats, seconds, bytes."""
    return table.numbers(found).to_csv(index=False)


def _html(found: Result) -> str:
    cells, told = table.cells(found), verdict(found)
    heads = "".join(f"<th scope=\"col\"{_class(name)}>{_text(name)}</th>" for name in cells[0])
    rows = "\n".join("<tr>" + "".join(f"<td{_class(name)}>{_text(value)}</td>" for name, value in row.items()) + "</tr>"
                     for row in cells)
    title = _text(f"Comparison {found.name}")
    return (f"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n"
            f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
            + "".join(f"<p>{_text(sentence)}</p>\n" for sentence in (told.headline, *told.sentences) if sentence)
            + f"<div>\n<table>\n<caption>{_text(' '.join(caption(found)))}</caption>\n<thead><tr>{heads}</tr></thead>\n"
              f"<tbody>\n{rows}\n</tbody>\n</table>\n</div>\n</body>\n</html>\n")


def _class(column: str) -> str:
    return ' class="paper"' if column == table.PAPER else ""


def _text(words: str) -> str:
    return html.escape(CONTROLS.sub(" ", words))


def _latex(found: Result) -> str:
    return latex.tables(found, " ".join(caption(found)))


def _markdown(found: Result) -> str:
    cells, told = table.cells(found), verdict(found)
    rows = [list(map(markdown.sentence, row.values())) for row in cells]
    return "\n\n".join([*([f"**{markdown.sentence(told.headline)}**"] if told.headline else []),
                        *map(markdown.sentence, told.sentences),
                        markdown.table(map(markdown.sentence, cells[0]), rows),
                        *map(markdown.sentence, caption(found))]) + "\n"


FORMATS = {"csv": Format("CSV", "csv", "text/csv", _csv), "html": Format("HTML", "html", "text/html", _html),
           "latex": Format("LaTeX", "tex", "application/x-tex", _latex),
           "markdown": Format("Markdown", "md", "text/markdown", _markdown)}


def written(found: Result, kind: str) -> str:
    """The result as a file of that kind of FORMATS."""
    return FORMATS[kind].made(found)
