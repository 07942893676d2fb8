"""What carrying over did: how spans relate, where verdicts disagreed, and what is kept before and after."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from xtf import strategies
from xtf.carry.bridge import Bridge, build
from xtf.carry.examples import CarriedExample, examples
from xtf.carry.spans import Relation
from xtf.config import ATTRIBUTES, OtherTokenizer, Thresholds
from xtf.filters import BIT
from xtf.progress import Progress, silent
from xtf.store import Manifest, ScoreTable

_CHANGED = [Relation.SPLIT, Relation.MERGED, Relation.CROSSING]


class RunLike(Protocol):
    """What carrying over needs of a run."""

    @property
    def manifest(self) -> Manifest: ...

    def table(self) -> ScoreTable: ...


@dataclass
class Report:
    """Counts over trainable tokens of the other tokenizer, as examples pass by."""

    tally: Counter[str] = field(default_factory=Counter)  # what the rendering left out or cut
    counts: Counter[str] = field(default_factory=Counter)
    relations: np.ndarray = field(default_factory=lambda: np.zeros(len(Relation), np.int64))

    def passed(self, stream: Iterable[CarriedExample]) -> Iterator[CarriedExample]:
        """The same examples, counted."""
        for example in stream:
            self.add(example)
            yield example

    def add(self, example: CarriedExample) -> None:
        """Counts one example."""
        trainable, keep = example.tokens.trainable, example.keep
        mixed = trainable & example.mixed
        self.relations += np.bincount(example.relation[trainable], minlength=len(Relation))
        self.counts.update({
            "examples": 1, "tokens": len(trainable), "trainable": int(trainable.sum()), "kept": int(keep.sum()),
            "mixed_kept": int((mixed & keep).sum()), "mixed_dropped": int((mixed & ~keep).sum()),
            "scored_trainable": example.scored_trainable, "scored_kept": example.scored_kept,
            "unmatched_examples": int(example.unmatched > 0), "without_kept": int(not keep.any()),
            "trainable_without_kept": 0 if keep.any() else int(trainable.sum()),
            **{name: int(np.count_nonzero(example.bits & BIT[name])) for name in ATTRIBUTES}})

    def summary(self, bridge: Bridge) -> dict[str, Any]:
        """JSON-able: both tokenizers; kept before (tokens of the run, in the examples that are carried) and after;
        `relations`: tokens and share of each kind; `changed_share`: split, merged or both; mixed verdicts; what was
        left out; sentences."""
        counts, total = self.counts, self.counts["trainable"]
        mixed = counts["mixed_kept"] + counts["mixed_dropped"]
        found = {
            "scored": bridge.scored.describe(), "other": bridge.other.describe(),
            "before": _kept(counts["scored_kept"], counts["scored_trainable"]), "after": _kept(counts["kept"], total),
            "relations": {kind.name.lower(): {"tokens": int(number), "share": _share(int(number), total)}
                          for kind, number in zip(Relation, self.relations)},
            "changed_share": _share(int(self.relations[_CHANGED].sum()), total),
            "mixed": {"tokens": mixed, "share": _share(mixed, total), "kept": counts["mixed_kept"],
                      "dropped": counts["mixed_dropped"]},
            "dropped_by": {name: counts[name] for name in ATTRIBUTES},
            "examples": counts["examples"], "tokens": counts["tokens"], "examples_without_kept": counts["without_kept"],
            "examples_unmatched": counts["unmatched_examples"],
            **{name: self.tally[name] for name in ("truncated", "skipped_too_long", "skipped_empty")}}
        return found | {"sentence": _sentence(found), "notes": _notes(found)}


def survey(run: RunLike, thresholds: Thresholds, other: OtherTokenizer, progress: Progress = silent) -> dict[str, Any]:
    """Carries the run's verdicts over and returns what came of it (`Report.summary`), writing nothing.

    `progress` counts tokens of the run. Raises: as `build` and `examples`, and SettingsError as `strategies.judge`.
    """
    bridge, table = build(run.manifest, other), run.table()
    report = Report()
    total = int(table.offsets[-1])
    for example in report.passed(examples(bridge, table, strategies.judge(table, thresholds), report.tally)):
        progress(int(table.offsets[example.index + 1]), total, "carrying over")
    return report.summary(bridge)


def _kept(kept: int, trainable: int) -> dict[str, Any]:
    return {"trainable": trainable, "kept": kept, "kept_share": _share(kept, trainable)}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _sentence(found: dict[str, Any]) -> str:
    before, after = found["before"], found["after"]
    share = {name: f"{part['share']:.1%}" for name, part in found["relations"].items()}
    return (f"For the tokenizer of {found['other']['name']}, {after['kept']:,} of {after['trainable']:,} response "
            f"tokens are kept ({after['kept_share']:.2%}; of those scored {before['kept_share']:.2%}). {share['same']} "
            f"match one scored token; {found['changed_share']:.1%} do not ({share['split']} are part of one, "
            f"{share['merged']} merge several, {share['crossing']} do both).")


_NOTES = {
    "examples_unmatched": "{:,} examples have responses that the two templates render too differently to match: all "
                          "of their tokens are kept.",
    "skipped_too_long": "{:,} examples were left out because they are too long for the other model.",
    "skipped_empty": "{:,} examples were left out because the other tokenizer gives them no response token.",
    "truncated": "{:,} examples are too long for the other model and lost their end.",
}


def _notes(found: dict[str, Any]) -> list[str]:
    notes = [words.format(found[key]) for key, words in _NOTES.items() if found[key]]
    mixed, unscored = found["mixed"], found["relations"]["unscored"]
    if unscored["tokens"]:
        notes.insert(0, f"{unscored['tokens']:,} tokens ({unscored['share']:.1%}) stand for characters that were not "
                        "scored, and are kept.")
    if mixed["tokens"]:
        notes.insert(0, f"{mixed['tokens']:,} tokens ({mixed['share']:.1%}) are made of kept and of dropped ones and "
                        f"go with most of their characters: {mixed['kept']:,} are kept, {mixed['dropped']:,} dropped.")
    return notes
