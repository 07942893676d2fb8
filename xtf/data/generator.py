"""Seeded generator of word problems in the manner of GSM8K: a question, a worked answer, and `#### N` last.

Training and held-out problems share neither a template nor a set of numbers, so that a score on the held-out ones
measures more than memory.
"""

import random
import re
import zlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from operator import add, mul, sub, truediv

from xtf.data.problems import PEOPLE, TEMPLATES, THINGS, Split, Template

VERSION = 1  # raise it whenever the same seed gives other problems: it is part of a run's identity
OPERATORS = {"+": add, "-": sub, "*": mul, "/": truediv}
HELD_OUT_SHARE = 4  # one set of numbers in four is held out
TRIES = 100

__all__ = ["VERSION", "Split", "problems"]


def problems(count: int, seed: int = 0, split: Split = "train", difficulty: int | None = None
             ) -> Iterator[dict[str, str | int]]:
    """`count` different problems as rows: id, question, answer, template, steps; fewer only where the templates give
    no more. The first 24 of 100 are those of 24. `difficulty` is the number of steps, 1 to 4; None mixes them.

    Every calculation is exact and every result a whole number above 1.
    """
    source = random.Random(f"{VERSION} {seed} {split} {difficulty}")
    templates = [template for template in TEMPLATES
                 if template.split == split and difficulty in (None, len(template.steps))]
    for index, (template, question, answer) in zip(range(count), _different(templates, source)):
        yield {"id": f"{split}-{seed}-{index}", "question": question, "answer": answer, "template": template.name,
               "steps": len(template.steps)}


def _different(templates: list[Template], source: random.Random) -> Iterator[tuple[Template, str, str]]:
    """All templates in a shuffled order, again and again, so that a short sample is varied too; a template that
    repeats itself TRIES times is used up."""
    seen: set[str] = set()
    while templates:
        for template in source.sample(templates, len(templates)):
            new = (pair for pair in (_problem(template, source) for _ in range(TRIES)) if pair[0] not in seen)
            question, answer = next(new, ("", ""))
            if question:
                seen.add(question)
                yield template, question, answer
            else:
                templates = [other for other in templates if other is not template]


def _problem(template: Template, source: random.Random) -> tuple[str, str]:
    numbers, results = _solved(template, source)
    words = _words(template, source)
    lines = []
    for name, calculation, sentence in template.steps:
        sum_ = re.sub(r"[a-z]+", lambda match: str(results[match[0]]), calculation).replace(" ", "")
        value = results[name]
        lines.append(sentence.format(**words, **numbers, work=f"{sum_} = <<{sum_}={value}>>{value}",
                                     money=f"${sum_} = $<<{sum_}={value}>>{value}"))
    answer = results[template.steps[-1][0]]
    return template.question.format(**words, **numbers), "\n".join([*lines, f"#### {answer}"])


def _solved(template: Template, source: random.Random) -> tuple[dict[str, int], dict[str, int]]:
    """Numbers of the template's split that make every result whole and above 1 (so that plurals are right), and
    these numbers together with the results."""
    while True:
        numbers = {name: _drawn(bounds, source) for name, bounds in template.numbers.items()}
        values: dict[str, Fraction] = {name: Fraction(number) for name, number in numbers.items()}
        for name, calculation, _ in template.steps:
            values[name] = _calculated(calculation, values)
        whole = all(value.denominator == 1 and value > 1 for value in values.values())
        if whole and _split_of(numbers) == template.split:
            return numbers, {name: int(value) for name, value in values.items()}


def _drawn(bounds: tuple[int, ...], source: random.Random) -> int:
    low, high, *step = bounds
    return source.randrange(low, high + 1, *step)


def _split_of(numbers: Mapping[str, int]) -> Split:
    key = " ".join(map(str, sorted(numbers.values()))).encode()
    return "heldout" if zlib.crc32(key) % HELD_OUT_SHARE == 0 else "train"


def _calculated(calculation: str, values: Mapping[str, Fraction]) -> Fraction:
    """From left to right: a sum is never mixed with a product."""
    first, *rest = calculation.split()
    result = _operand(first, values)
    for operator, operand in zip(rest[::2], rest[1::2]):
        result = OPERATORS[operator](result, _operand(operand, values))
    return result


def _operand(name: str, values: Mapping[str, Fraction]) -> Fraction:
    return Fraction(int(name)) if name.isdecimal() else values[name]


def _words(template: Template, source: random.Random) -> dict[str, str]:
    (name, he, his), (other, _, _) = source.sample(PEOPLE, 2)
    thing, things = source.choice(THINGS[template.things]) if template.things else ("", "")
    return {"name": name, "other": other, "he": he, "He": he.capitalize(), "his": his, "His": his.capitalize(),
            "thing": thing, "things": things}
