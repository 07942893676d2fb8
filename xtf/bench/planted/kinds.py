"""The kinds of noise that are planted, and what is measured of each. Words and numbers only."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of noise: its title, its name within a sentence, and what it is."""

    title: str
    words: str
    help: str


KINDS: dict[str, Kind] = {
    "boilerplate": Kind("Boilerplate", "boilerplate",
                        "A sentence of chat filler, such as “I hope this helps!”, that fits any answer."),
    "off_domain": Kind("Off-domain text", "off-domain text",
                       "A sentence or a line of code from an answer of another field."),
    "wrong_digit": Kind("Wrong digit", "wrong digits", "One digit of one number in the answer replaced by another."),
    "random": Kind("Random words", "random words", "Four words drawn at random from the tokenizer's vocabulary."),
}
ANY, AMONG_DIGITS = "any", "among_digits"
_ANY = Kind("All kinds", "planted noise", "All planted tokens together.")
#: What filters are held against.
TARGETS: dict[str, Kind] = {**KINDS, ANY: _ANY}
#: What signals are held against: wrong digits once more beside right ones, since a score that thinks little of all
#: digits seems to find the wrong ones, too.
COLUMNS: dict[str, Kind] = {
    **KINDS, AMONG_DIGITS: Kind("Wrong among digits", "wrong digits among right ones",
                                "Wrong digits beside the right ones alone: does it know which are wrong?"), ANY: _ANY}

#: Shares of the response tokens that a filter may drop, for recall at a budget.
BUDGETS = (0.05, 0.10, 0.20)
