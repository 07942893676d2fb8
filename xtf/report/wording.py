"""A run's outcome and settings in plain words."""

from typing import Any, NamedTuple

from xtf import changes, rule_words, strategies
from xtf.changes import Change
from xtf.columns import TOKEN_COLUMNS
from xtf.config import ATTRIBUTES, PRESETS, Override, Thresholds
from xtf.report.text import line, tame
from xtf.store import Manifest
from xtf.words import TITLES, count, percent, short

_COMBINE = {"any": "A token is dropped when it fails any one of the three.",
            "two": "A token is dropped when it fails at least two of the three.",
            "all": "A token is dropped only when it fails all three."}
_WHY = {"novelty": "the base model already knows them", "relevance": "they hardly belong to the task",
        "reasoning": "later tokens hardly look at them"}


class Decision(NamedTuple):
    """One override by hand, as the report lists it."""

    what: str
    created: str
    note: str


def paragraph(manifest: Manifest, summary: dict[str, Any]) -> str:
    """The report in one paragraph, for somebody who has not heard of any of it."""
    model = line(short(str(manifest.model.get("name", "?"))))
    reasons = [f"{count(summary['attributes'][name]['dropped'])} because {why}" for name, why in _WHY.items()
               if summary["attributes"][name]["dropped"]]
    if by_hand := summary["by_hand"]["dropped"]:
        reasons.append(f"{count(by_hand)} because a person decided so")
    several = summary["dropped"] - sum(part["alone"] for part in summary["attributes"].values()) \
        - summary["by_hand"]["alone"]
    dropped = f"{percent(summary['dropped_share'])} ({count(summary['dropped'])} tokens) are dropped"
    why = f": {_joined(reasons)}" if reasons else ""
    both = f"; {count(several)} of them for more than one reason" if several else ""
    kept = f"{percent(summary['kept_share'])} ({count(summary['kept'])}) are kept"
    return (f"Before a language model is fine-tuned on this dataset, every token (a word or a piece of one) of its "
            f"{count(summary['examples'])} examples was scored with the base model {model}. Of the "
            f"{count(summary['trainable'])} tokens in the responses, {kept}, which means that the model is trained on "
            f"them; {dropped}{why}{both}. "
            "Dropped tokens stay in the text that the model reads; they only give no training signal.")


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def nearest(thresholds: Thresholds) -> str:
    """The preset that these settings differ least from."""
    return min(PRESETS, key=lambda name: len(differences(thresholds, name)))


def differences(thresholds: Thresholds, preset: str) -> list[Change]:
    """Every setting that is not the preset's. Overrides by hand are listed apart."""
    return [change for change in changes.between(PRESETS[preset][1], thresholds) if change.field != changes.OVERRIDES]


def sentences(thresholds: Thresholds) -> list[str]:
    """All settings as sentences."""
    scores = {"reasoning": f"{TOKEN_COLUMNS[thresholds.reasoning_score].title.lower()}",
              "novelty": "the probability p that the base model gives the token",
              "relevance": _relevance(thresholds)}
    if thresholds.strategy.kind not in ("xtf", "random"):
        return [f"{name}: {words}." for name, words in strategies.told(thresholds)]
    found = [f"{name}: {words}." for name, words in strategies.told(thresholds) if name == "Strategy"]
    found += [f"{TITLES[name]}, measured as {scores[name]}: drops {rule_words.rule(getattr(thresholds, name), name)}."
                 for name in ATTRIBUTES]
    protected = [words for on, words in ((thresholds.protect_eos, "the end-of-turn token"),
                                         (thresholds.protect_final_answer, "the line that states the final answer"))
                 if on]
    found.append(_COMBINE[thresholds.combine])
    found.append(f"Never dropped: {_joined(protected)}." if protected else
                 "Nothing is protected from being dropped, neither the end of a turn nor the final answer.")
    if thresholds.insist:
        found.append("Scores are used even where they are found uninformative.")
    return found


def _relevance(thresholds: Thresholds) -> str:
    vector = {"embedding": "input embedding", "hidden": "last hidden state"}[thresholds.relevance_vector]
    domain = {"dataset": "the mean over the dataset", "words": "the mean over domain words",
              "both": "the means over the dataset and over domain words"}[thresholds.relevance_domain]
    distance = {"normalised": "scaled to 0 to 1", "raw": "raw cosine"}[thresholds.relevance_distance]
    key = ", tokens of the same text counted as one" if thresholds.relevance_key == "text" else ""
    return f"the similarity of the token's {vector} to {domain} ({distance}{key})"


def decision(override: Override) -> Decision:
    """What was decided by hand, when and why."""
    return Decision(tame(changes.decision(override)), line(override.created, 40), line(override.note, 500))
