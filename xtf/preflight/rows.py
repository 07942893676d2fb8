"""The rows that an export or a training gets: which examples stay, which are left out and why, and their numbers."""

import hashlib
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from xtf import blocks
from xtf.carry import CarriedExample
from xtf.columns import Mark
from xtf.config import Check, ExportSettings
from xtf.data.seen import Seen
from xtf.filters import Verdicts
from xtf.preflight.duplicates import first_alike, repeats
from xtf.preflight.overlap import leaks, shared
from xtf.ranks import joined, per_example
from xtf.store import Manifest, ScoreTable

#: Why an example can be left out, in the order in which it is asked, and the setting that does it.
REASONS: dict[Check, str] = {"overlap": "drop_overlap", "empty": "drop_empty", "length": "drop_long",
                             "duplicates": "drop_duplicates"}
#: Numbers of one row, in tokens that the trainer gets; `cut`: kept tokens beyond its length; `special`: kept ones other
#: than the end of turn.
NUMBERS = ("tokens", "trainable", "kept", "cut", "ends", "ends_kept", "special")


@dataclass(frozen=True, eq=False)
class Rows:
    """N examples of the run, R rows."""

    chosen: np.ndarray  # bool[N]: the examples that have a row
    left_out_by: dict[Check, int]  # examples, each by the first of REASONS
    numbers: dict[str, np.ndarray]  # int64[R], of NUMBERS
    repeated: np.ndarray  # bool[R]: an earlier row has the same tokens
    shared: np.ndarray  # uint8[R], bits of `Same`
    limit: int | None  # tokens that the trainer takes

    def __len__(self) -> int:
        return len(self.repeated)

    @property
    def index(self) -> np.ndarray:
        """int64[R]: the run's example of each row."""
        return np.flatnonzero(self.chosen)

    @property
    def longest(self) -> int:
        """Tokens of the longest row."""
        return int(self.numbers["tokens"].max(initial=0))


def limit_of(manifest: Manifest, settings: ExportSettings) -> int | None:
    """Tokens of the longest example that the trainer takes: as asked, else what the run's model takes."""
    return settings.trainer_length or manifest.model.get("context")


def scored(manifest: Manifest, table: ScoreTable, verdicts: Verdicts, settings: ExportSettings) -> Rows:
    """The rows in the run's own tokens. Raises: DataError where the held-out data cannot be read."""
    limit = limit_of(manifest, settings)
    numbers = _numbers(table, verdicts, limit)
    held_out = shared(manifest, table, settings)
    wrong: dict[Check, Callable[[np.ndarray], np.ndarray]] = {
        "overlap": lambda stay: leaks(held_out), "empty": lambda stay: numbers["kept"] == 0,
        "length": lambda stay: numbers["tokens"] > (limit or np.inf),
        "duplicates": lambda stay: repeats(first_alike(table), stay)}
    stay, left_out_by = np.ones(len(table), bool), {}
    for reason, flag in REASONS.items():
        out = stay & wrong[reason](stay) if getattr(settings, flag) else np.zeros(len(table), bool)
        stay, left_out_by[reason] = stay & ~out, int(np.count_nonzero(out))
    return Rows(stay, left_out_by, {name: values[stay] for name, values in numbers.items()},
                repeats(first_alike(table), stay)[stay], held_out[stay], limit)


def _numbers(table: ScoreTable, verdicts: Verdicts, limit: int | None) -> dict[str, np.ndarray]:
    """int64[N] each."""
    parts = list(blocks.each(partial(_among, table, verdicts, limit), table.offsets))
    lengths, trainable = np.diff(table.offsets), table.trainable_counts
    counted = {name: joined(np.int64, (part[name] for part in parts)) for name in NUMBERS[2:]}
    return {"tokens": lengths, "trainable": trainable, **counted}


def _among(table: ScoreTable, verdicts: Verdicts, limit: int | None, first: int, last: int) -> dict[str, np.ndarray]:
    """The numbers that are counted, of consecutive examples."""
    here = slice(table.offsets[first], table.offsets[last])
    offsets = table.offsets[first:last + 1] - table.offsets[first]
    keep = verdicts.keep[here]
    flags = {"kept": keep, **_marked(table.marks[here], table.trainable[here], keep)}
    found = {name: per_example(values, offsets) for name, values in flags.items()}
    lengths = np.diff(offsets)
    if limit is None or lengths.max(initial=0) <= limit:
        return found | {"cut": np.zeros(len(lengths), np.int64)}
    beyond = np.arange(len(keep)) - np.repeat(offsets[:-1], lengths) >= limit
    return found | {"cut": per_example(keep & beyond, offsets)}


def _marked(marks: np.ndarray, trainable: np.ndarray, keep: np.ndarray) -> dict[str, np.ndarray]:
    """bool of each token: whether it counts."""
    end = (marks & np.uint8(Mark.EOS)) != 0
    return {"ends": end & trainable, "ends_kept": end & keep,
            "special": keep & ~end & ((marks & np.uint8(Mark.SPECIAL)) != 0)}


class Gathering:
    """The same of examples that are carried over to another tokenizer, as they pass by.

    Raises: DataError where the held-out data cannot be read.
    """

    def __init__(self, manifest: Manifest, table: ScoreTable, settings: ExportSettings):
        self._settings, self._limit = settings, settings.trainer_length
        self._shared = shared(manifest, table, settings)
        self._leaks = leaks(self._shared)
        self._seen = Seen()
        self._rows = {name: array("q") for name in (*NUMBERS, "index", "repeated")}
        self._left_out: dict[Check, int] = dict.fromkeys(REASONS, 0)

    def passes(self, example: CarriedExample) -> bool:
        """Whether the example has a row; notes its numbers."""
        numbers = self._numbers(example)
        digest = hashlib.blake2b(example.tokens.ids.tobytes(), digest_size=16).hexdigest()
        wrong = {"overlap": bool(self._leaks[example.index]), "empty": not numbers["kept"],
                 "length": self._limit is not None and numbers["tokens"] > self._limit,
                 "duplicates": digest in self._seen}
        for reason, flag in REASONS.items():
            if wrong[reason] and getattr(self._settings, flag):
                self._left_out[reason] += 1
                return False
        self._seen.add(digest)
        for name, value in {**numbers, "index": example.index, "repeated": int(wrong["duplicates"])}.items():
            self._rows[name].append(value)
        return True

    def _numbers(self, example: CarriedExample) -> dict[str, int]:
        keep, trainable = example.keep, example.tokens.trainable
        flags = {"trainable": trainable, "kept": keep, "cut": keep[self._limit:] if self._limit else keep[:0],
                 **_marked(example.tokens.marks, trainable, keep)}
        return {"tokens": len(keep), **{name: int(np.count_nonzero(values)) for name, values in flags.items()}}

    def passed(self, examples: Iterable[CarriedExample]) -> Iterable[CarriedExample]:
        """Those that have a row."""
        return filter(self.passes, examples)

    def rows(self) -> Rows:
        """Once all have passed."""
        found = {name: np.array(values, np.int64) for name, values in self._rows.items()}
        index, repeated = found.pop("index"), found.pop("repeated") > 0
        chosen = np.zeros(len(self._shared), bool)
        chosen[index] = True
        return Rows(chosen, dict(self._left_out), found, repeated, self._shared[index], self._limit)
