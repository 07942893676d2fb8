"""Words of a domain: the mean of their vectors is one of the domain vectors of task relevance."""

import re
from collections.abc import Iterable
from itertools import islice

from xtf.config import Domain

SAMPLE = 100  # responses that `auto` looks at

#: The lists for maths and code are those of the published code; those for medicine and finance are our own.
_LISTS = {
    "maths": "1 2 3 4 5 6 7 8 9 10 + - * / = maths",
    "code": "def return if else for while import from class try",
    "medicine":
        "patient doctor nurse hospital clinic surgery disease symptom diagnosis treatment therapy medicine drug "
        "dose vaccine infection virus bacteria fever pain inflammation cancer tumor diabetes hypertension stroke "
        "asthma pneumonia obesity anemia allergy blood heart lung liver kidney brain bone muscle skin stomach "
        "fracture artery vein nerve cell tissue gene protein hormone insulin antibody enzyme glucose cholesterol "
        "trial mortality prevalence biopsy scan pregnancy injury outcome",
    "finance":
        "money bank loan credit debt interest mortgage stock share bond fund dividend investment investor portfolio "
        "market price profit income tax budget asset equity capital revenue inflation currency broker insurance "
        "pension salary deposit account payment risk wealth option",
}
DOMAINS: dict[str, tuple[str, ...]] = {name: tuple(words.split()) for name, words in _LISTS.items()}
FALLBACK = "maths"

#: What counts as a use of a domain's words. A list's words mean something else elsewhere: "for" and "if" are code only
#: at the start of a line, and an operator is arithmetic only between two numbers.
USES = {
    "maths": re.compile(r"(?<=\d)\s?[-+*/=]\s?(?=\$?\d)|\bmaths\b"),
    "code": re.compile(rf"^[ \t]*(?:{'|'.join(DOMAINS['code'])})\b", re.M),
    "medicine": re.compile(rf"\b(?:{'|'.join(DOMAINS['medicine'])})(?:e?s)?\b", re.I),
    "finance": re.compile(rf"\b(?:{'|'.join(DOMAINS['finance'])})(?:e?s)?\b", re.I),
}


def choose(domain: Domain, texts: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """The name and words of a domain. `auto` takes the list whose words make up most of the first 100 responses
    (`texts`), and maths where no word occurs."""
    name = domain if domain != "auto" else _most_used(islice(texts, SAMPLE))
    return name, DOMAINS[name]


def _most_used(texts: Iterable[str]) -> str:
    uses = dict.fromkeys(DOMAINS, 0)
    for text in texts:
        for name, pattern in USES.items():
            uses[name] += len(pattern.findall(text))
    name = max(uses, key=lambda name: uses[name])  # the first of equals
    return name if uses[name] else FALLBACK
