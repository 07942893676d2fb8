"""A comparison as LaTeX: three tables, outcome, losses and costs, each as wide as a page of text can hold legibly."""

import re
import textwrap

from xtf.comparison import table
from xtf.comparison.result import Result
from xtf.markdown import CONTROLS

_PREAMBLE = r"% \usepackage{booktabs,graphicx}  \usepackage[T1]{fontenc}"
_BREAK = r"\\{}"  # the braces keep an interval's bracket from being read as an argument
_HEAD = 14  # characters of a column's name on one line
#: Signs that LaTeX takes for its own, or that its fonts may lack.
_SIGNS = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
          "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
          "|": r"\textbar{}", '"': r"\textquotedbl{}", "\N{MINUS SIGN}": "$-$", "\N{EM DASH}": "---",
          "\N{EN DASH}": "--", "\N{NO-BREAK SPACE}": "~", "\N{HORIZONTAL ELLIPSIS}": r"\dots{}"}
_SPECIAL = re.compile(rf"[{re.escape(''.join(_SIGNS))}]|[^\x00-\u017f]")


def tables(found: Result, caption: str) -> str:
    """The tables one below the other; `caption` stands under the first, plain text like all else here."""
    (_, outcome), *others = table.parts(found)
    made = [_table(outcome, caption)]
    made += [_table(cells, f"{title} of comparison {found.name}, as in the table of its outcome.")
             for title, cells in others]
    return "\n".join([_PREAMBLE, *made])


def _table(cells: list[dict[str, str]], caption: str) -> str:
    """One table of booktabs, made no wider than the text; `\\width` is its natural width."""
    heads = [_stacked(textwrap.wrap(name, _HEAD)) for name in cells[0]]
    rows = [" & ".join(_stacked(table.lines(value)) for value in row.values()) + r" \\ \addlinespace" for row in cells]
    return "\n".join([
        r"\begin{table}", r"\centering", rf"\caption{{{_text(caption)}}}",
        r"\resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{'l' * len(cells[0])}}}", r"\toprule", " & ".join(heads) + r" \\", r"\midrule",
        *rows, r"\bottomrule", r"\end{tabular}}", r"\end{table}", ""])


def _stacked(lines: list[str]) -> str:
    if len(lines) == 1:
        return _text(lines[0])
    return rf"\begin{{tabular}}[t]{{@{{}}l@{{}}}}{_BREAK.join(map(_text, lines))}\end{{tabular}}"


def _text(words: str) -> str:
    """As LaTeX shows it; what its standard fonts lack is named by its code point."""
    return _SPECIAL.sub(lambda sign: _SIGNS.get(sign[0], rf"\texttt{{U+{ord(sign[0]):04X}}}"), CONTROLS.sub(" ", words))
