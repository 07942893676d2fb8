"""The number that an answer states, exactly, and whether two are the same.

An answer is the first number after the first `####` that is followed by one (GSM8K's own mark); else what the last
`\\boxed{…}` holds, which must be a number and nothing more; else the first number after the first "answer is"; else the
last number of the text. A first mark counts and not a last one, because a model that runs on states the answers of
questions that it makes up.

A number may have a sign (a minus as in `-3`, `−3`, `-$3` or `$-3`, but not as in `5-3`), commas between thousands, a
decimal part, `$` before it and `%` or letters after it. A fraction such as `1/2` is no number, and neither part of it.
"""

import re

_DIGITS = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+"
_NUMBER = re.compile(rf"(?<![\w.])(?<![0-9]/)(?:(?<!\))(?P<sign>[-+−]))?(?:\$(?P<inner>[-+−])?)?(?P<digits>{_DIGITS})"
                     r"(?![0-9]|,[0-9]{3}(?![0-9])|\.[0-9]|/[0-9])")
_HASHES = re.compile(r"####[^\S\n]*(?P<rest>[^\n]*)")
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_ANSWER_IS = re.compile(r"answer\s+is\b:?(?P<rest>[^\n]*)", re.I)


def extract(text: str) -> str | None:
    """The number that `text` states, in the one form that equal numbers share (`canonical`); None if it states none."""
    if found := _first_after(_HASHES, text):
        return found
    if boxes := _BOXED.findall(text):
        return _alone(boxes[-1])
    if found := _first_after(_ANSWER_IS, text):
        return found
    numbers = _numbers(text)
    return numbers[-1] if numbers else None


def correct(answer: str, expected: str) -> bool:
    """Whether two extracted numbers are equal: exactly, since equal ones are written alike."""
    return answer == expected


def canonical(sign: str, digits: str) -> str:
    """`+`, `1,234.50` → `1234.5`. By characters, so that no number is too long or rounded."""
    whole, _, part = digits.replace(",", "").partition(".")
    whole, part = whole.lstrip("0") or "0", part.rstrip("0")
    value = f"{whole}.{part}" if part else whole
    return f"-{value}" if sign in ("-", "−") and value != "0" else value


def _first_after(mark: re.Pattern[str], text: str) -> str | None:
    return next((numbers[0] for found in mark.finditer(text) if (numbers := _numbers(found["rest"]))), None)


def _numbers(text: str) -> list[str]:
    return [_value(found) for found in _NUMBER.finditer(text)]


def _alone(text: str) -> str | None:
    """The number that is all there is, but for blanks, dollar and per-cent signs and a full stop."""
    bare = re.sub(r"\\[$%!,;]|\\(?:text|mathrm)\{[^{}]*\}", lambda found: found[0][1:2] if found[0][1] in "$%" else "",
                  text).strip().rstrip("%. ")
    found = _NUMBER.fullmatch(bare)
    return _value(found) if found else None


def _value(found: re.Match[str]) -> str:
    return canonical(found["sign"] or found["inner"] or "", found["digits"])
