"""Numerals in text, and exact arithmetic on them: what calculations such as `48/2=24` say, in fractions.

A numeral is digits with or without thousands commas and decimals. Signs, `$`, `%` and units around it are no part of
it, so that they stay where they are when the numeral is exchanged.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

#: A numeral begins where no word goes on, but `12 x3` is a product; it has at most 15 digits before the point.
NUMERAL = re.compile(r"(?:(?<![\w.])|(?<=[\d\s)]x))(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,15}(?![0-9]))"
                     r"(?:\.[0-9]{1,15})?|(?<![\w.])\.[0-9]{1,15}")
CALCULATION = re.compile(r"<<(?P<expression>[^<>=]*)=(?P<result>[^<>=]*)>>")
_TOKEN = re.compile(rf"\s*(?:(?P<numeral>{NUMERAL.pattern})|(?P<sign>[-+*/()%]))")
_LONGEST = 100  # tokens of an expression, so that brackets cannot nest without end
DECIMALS = 4  # places; what needs more cannot be written


@dataclass(frozen=True)
class Expression:
    """A calculation cut into numerals (as they are written) and the signs `+-*/()%`."""

    tokens: tuple[str, ...]

    @property
    def operands(self) -> list[str]:
        return [token for token in self.tokens if token not in "+-*/()%"]

    def evaluate(self, value_of: Callable[[str], Fraction]) -> Fraction | None:
        """Its value where numerals stand for `value_of` them; None where it divides by zero."""
        try:
            return _Reader(self.tokens, value_of).whole()
        except ZeroDivisionError:
            return None


def value(numeral: str) -> Fraction:
    """`1,200.50` → 2401/2"""
    return Fraction(numeral.replace(",", ""))


def parsed(text: str) -> Expression | None:
    """The expression that `text` is; None if it is none, or divides by zero."""
    tokens: list[str] = []
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or len(tokens) == _LONGEST:
            return None
        tokens.append(found["numeral"] or found["sign"])
        at = found.end()
    expression = Expression(tuple(tokens))
    try:
        return None if expression.evaluate(value) is None else expression
    except SyntaxError:
        return None


def calculations(text: str) -> Iterator[tuple[Expression, Fraction] | None]:
    """The calculations `<<48/2=24>>` of a text in order, each with the result that it states; None for one that cannot
    be read."""
    for found in CALCULATION.finditer(text):
        expression, stated = parsed(found["expression"]), found["result"].strip()
        known = expression and NUMERAL.fullmatch(stated.removeprefix("-"))
        yield (expression, value(stated)) if expression and known else None


def right(text: str) -> bool:
    """Whether every calculation of a text can be read and is exactly right."""
    return all(found is not None and found[0].evaluate(value) == found[1] for found in calculations(text))


def final(text: str) -> Fraction | None:
    """The number of a last line `#### 1,200`; None if there is none."""
    found = re.search(rf"####\s*\$?(?P<numeral>{NUMERAL.pattern})[.%]?\s*\Z", text)
    return value(found["numeral"]) if found else None


def decimals(number: Fraction) -> int | None:
    """How many decimal places it has; None for more than DECIMALS."""
    return next((places for places in range(DECIMALS + 1) if (number * 10**places).denominator == 1), None)


def written(number: Fraction, like: str) -> str:
    """A number of at most DECIMALS places, in the style of another numeral: with its thousands commas, its two places
    (`3.50`), and without the nought if that has none (`.5`). Raises: ValueError for more places."""
    places = decimals(number)
    if places is None or number < 0:
        raise ValueError(f"{number} cannot be written with {DECIMALS} decimal places.")
    given = like.partition(".")[2]
    if given.endswith("0") or (len(given) == 2 and places == 1):
        places = max(places, len(given))
    whole, rest = divmod(int(number * 10**places), 10**places)
    text = f"{whole:,}" if "," in like else str(whole)
    if places:
        text = f"{'' if like.startswith('.') and not whole else text}.{rest:0{places}}"
    return text


class _Reader:
    """Recursive descent over the tokens of one expression: sums of products of signed numbers and brackets."""

    def __init__(self, tokens: Sequence[str], value_of: Callable[[str], Fraction]):
        self._tokens, self._at, self._value_of = tokens, 0, value_of

    def whole(self) -> Fraction:
        """Raises: SyntaxError unless all tokens make one expression; ZeroDivisionError."""
        result = self._sum()
        if self._at < len(self._tokens):
            raise SyntaxError
        return result

    def _sum(self) -> Fraction:
        result = self._product()
        while self._next in ("+", "-"):
            result = result + self._product() if self._take() == "+" else result - self._product()
        return result

    def _product(self) -> Fraction:
        result = self._signed()
        while self._next in ("*", "/"):
            result = result * self._signed() if self._take() == "*" else result / self._signed()
        return result

    def _signed(self) -> Fraction:
        if self._next in ("+", "-"):
            return self._signed() if self._take() == "+" else -self._signed()
        result = self._atom()
        while self._next == "%":
            self._take()
            result /= 100
        return result

    def _atom(self) -> Fraction:
        token = self._take()
        if token == "(":
            result = self._sum()
            if self._take() != ")":
                raise SyntaxError
            return result
        if token in ("", ")", "*", "/", "%"):
            raise SyntaxError
        return self._value_of(token)

    @property
    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next
        self._at += 1
        return token
