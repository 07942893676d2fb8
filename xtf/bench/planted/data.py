"""The data that noise is planted in: worked maths, code, medicine, and whatever the user names."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from xtf.assets import asset
from xtf.bench.planted import plant
from xtf.bench.planted.plant import Planted, Sources
from xtf.bench.planted.settings import PlantedSettings
from xtf.config import DataSettings, Domain
from xtf.data import domains, formats
from xtf.data.generator import problems
from xtf.data.types import Example, Message
from xtf.errors import DataError
from xtf.progress import Say, quiet
from xtf.words import short

_POOL = 20  # times as many examples as asked for are looked at, of which they are drawn
_SENTENCE = range(25, 101)  # characters of a sentence that is planted in another field's answers
_WORD = re.compile(r" [A-Za-z]{3,10}")
_FEWEST = 100  # words with a blank before them, below which a vocabulary is taken to have none


@dataclass(frozen=True)
class DataSet:
    """Examples of one field. name: for files and runs; comment: what a sentence has to stand behind in its code."""

    name: str
    title: str
    domain: Domain
    examples: tuple[Example, ...]
    comment: str = ""


def data_sets(settings: PlantedSettings, say: Say = quiet) -> list[DataSet]:
    """Maths, code and medicine, then the user's. Raises: DataError for data of the user's that cannot be read."""
    found = [DataSet("maths", "Maths", "maths", _maths(settings))]
    try:
        found.append(DataSet("code", "Code", "code", _drawn(DataSettings(data="humaneval"), settings), "# "))
    except DataError as error:
        say(f"Code is left out: {error}")
    medicine = DataSettings(data=str(asset("planted/medicine.jsonl")))
    found.append(DataSet("medicine", "Medicine", "medicine", _drawn(medicine, settings)))
    for number, name in enumerate(settings.data, 1):
        found.append(_own(name, number, settings))
    return found


def with_noise(sets: Sequence[DataSet], words: Sequence[str], seed: int) -> list[list[Planted]]:
    """The examples of each data set with noise; off-domain text comes from the built-in sets of other fields."""
    pools = {one.name: _pool(one.examples) for one in sets if one.name == one.domain}
    made = []
    for one in sets:
        foreign = [pool for name, pool in pools.items() if name != one.domain]
        digits = "".join(plant.digits(example.messages[-1].content) for example in one.examples)
        sources = Sources(foreign, words, digits=digits, comment=one.comment)
        made.append(list(plant.planted(one.examples, sources, seed)))
    return made


def words(tokenizer: Any) -> list[str]:
    """The tokenizer's vocabulary as far as it is words of 3 to 10 plain letters, sorted."""
    texts = set(tokenizer.batch_decode([[number] for number in range(len(tokenizer))]))
    found = {text.strip() for text in texts if _WORD.fullmatch(text)}
    if len(found) < _FEWEST:  # no blanks in this vocabulary
        found |= {text for text in texts if _WORD.fullmatch(f" {text}")}
    return sorted(found)


def _maths(settings: PlantedSettings) -> tuple[Example, ...]:
    rows = problems(settings.examples, settings.seed)
    return tuple(Example(str(row["id"]), (Message("user", str(row["question"])),
                                          Message("assistant", str(row["answer"])))) for row in rows)


def _drawn(data: DataSettings, settings: PlantedSettings) -> tuple[Example, ...]:
    """So many examples of the first of the data, in their order."""
    data = data.model_copy(update={"empty": "skip"})
    found = list(islice(formats.examples(data), _POOL * settings.examples))
    draw = random.Random(f"{settings.seed} examples")
    chosen = sorted(draw.sample(range(len(found)), min(len(found), settings.examples)))
    return tuple(found[number] for number in chosen)


def _own(name: str, number: int, settings: PlantedSettings) -> DataSet:
    examples = _drawn(DataSettings(data=name), settings)
    if not examples:
        raise DataError(f"{name} holds no answers to plant noise in; choose other data.")
    domain, _ = domains.choose("auto", (example.messages[-1].content for example in examples))
    plain = re.sub(r"[^\w-]+", "-", Path(name).name.partition(".")[0]).strip("-_") or "data"
    return DataSet(f"own{number}-{plain[:30]}", short(name), domain, examples,  # type: ignore[arg-type]
                   "# " if domain == "code" else "")


def _pool(examples: Sequence[Example]) -> list[str]:
    """Sentences of a field that can be planted in others, each once."""
    parts = [part for example in examples for part in plant.sentences(example.messages[-1].content)]
    return sorted({part for part in parts if len(part) in _SENTENCE})
