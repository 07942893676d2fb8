"""Tokens: which token types are dropped most, by what, and in what company they stand."""

from xtf.ui import tokens_page
from xtf.ui.frame import page

with page("Tokens", "Which token types lose most, and where they stand. A word of your task high up in this list "
                    "is the fastest sign of a bad threshold.") as run:
    tokens_page.body(run)
