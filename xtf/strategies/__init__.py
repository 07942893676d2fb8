"""Which response tokens a fine-tune trains on: XTF's verdicts, and what they have to be compared with.

A strategy is a pure function of a scored run, its own settings (`xtf.config.strategies`) and XTF's verdicts to a
`Choice`; adding one is one class of settings, one function, one line of the table and one golden test.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xtf import filters, overrides, rule_words
from xtf.added import ALONE, reference
from xtf.choice import Choice
from xtf.config import ATTRIBUTES, Random, Settings, Thresholds
from xtf.errors import SettingsError
from xtf.filters import BY_HAND, BY_STRATEGY, Verdicts
from xtf.store import ScoreTable
from xtf.strategies import controls, references, samples, switches
from xtf.words import TITLES, percent


@dataclass(frozen=True)
class Strategy:
    """One way to choose what is trained: a title, what it does in a sentence, and `choose`."""

    title: str
    sentence: str
    choose: Callable[[ScoreTable, Any, Verdicts], Choice] | None  # None: XTF's own verdicts
    #: Columns beyond the scoring pass that it goes by, of its settings.
    needs: Callable[[Any], tuple[str, ...]] = lambda chosen: ()
    cost: str = ""  # what it takes beyond the scoring pass, in words


def _reference(chosen: Any) -> tuple[str, ...]:
    return (reference(chosen.reference),)


def _evolving(chosen: Any) -> tuple[str, ...]:
    return (reference(chosen.reference, evolving=True),)


STRATEGIES: dict[str, Strategy] = {
    "xtf": Strategy("XTF", "The tokens that the thresholds keep.", None),
    "normal": Strategy("Normal", "All response tokens, as plain fine-tuning does.", controls.normal),
    "random": Strategy("Random", "Tokens drawn at random, as many as the thresholds keep or another share: what a gain "
                                 "has to be measured against.", controls.random),
    "df-perplexity": Strategy("Data filtering (perplexity)",
                              "Drops the examples whose responses the base model finds hardest.",
                              samples.perplexity),
    "df-ifd": Strategy("Data filtering (IFD)",
                       "Drops the examples whose prompt does not help the base model to predict the response, then "
                       "those where it helps most.", samples.ifd, lambda chosen: (ALONE,),
                       "a pass over the responses without their prompts"),
    "augment": Strategy("Data augmentation",
                        "All response tokens of the examples and of twins with other numbers and names: twice the "
                        "tokens.", controls.augmented, cost="a run of the twins, scored"),
    "slm": Strategy("Selective LM (Rho-1)",
                    "In each batch the tokens whose loss is furthest above that of a reference model, chosen anew as "
                    "the model learns; shown is its choice before the first step.", references.slm, _reference,
                    "training a reference model, a pass with it, and a forward pass more in each step"),
    "token-cleaning": Strategy("Token cleaning (fixed)",
                               "The tokens whose loss a reference model lowers most, over the whole data.",
                               references.token_cleaning, _reference, "training a reference model, and a pass with it"),
    "self-evolving": Strategy("Token cleaning (self-evolving)",
                              "The same part by part: the reference model goes on learning from what was kept of each.",
                              references.self_evolving, _evolving,
                              "training a reference model part by part, and a pass over each"),
    "stm": Strategy("STM", "Drops the tokens that the base model finds unlikely.", switches.stm),
    "dft": Strategy("DFT", "Trains all tokens, each weighed by the p that the base model gives it (the published "
                           "method takes the p of the model in training).", switches.dft),
    "eaft": Strategy("EAFT", "Drops tokens that contradict a base model which is sure: both entropy and p are low.",
                     switches.eaft),
    "entropy": Strategy("Entropy", "The tokens where the base model is least certain.", switches.entropy),
}


def told(thresholds: Thresholds) -> list[tuple[str, str]]:
    """What decides, as (name, words): the three rules for XTF, else the strategy and what is set about it, with the
    rules where it goes by them."""
    chosen = thresholds.strategy
    rules = [(f"{TITLES[name]} drops", words) for name, words in zip(
        ATTRIBUTES, rule_words.dropped(thresholds), strict=True)]
    if chosen.kind == "xtf":
        return rules
    own = [("Strategy", ": ".join(filter(None, [STRATEGIES[chosen.kind].title, _set(chosen)])))]
    return own + rules if isinstance(chosen, Random) and chosen.keep is None else own


def _set(chosen: Settings) -> str:
    """What is set about a strategy: `keeps 60 %, reference model clean`."""
    words: dict[str, Callable[[Any], str]] = {
        "keep": lambda share: "as many as the thresholds keep" if share is None else f"keeps {percent(share)}",
        "drop": lambda share: f"drops {percent(share)}", "cutoff": lambda p: f"drops p below {p:g}",
        "seed": lambda seed: f"seed {seed}", "reference": lambda name: f"reference model {name}"}
    return ", ".join(words[name](value) for name, value in chosen.model_dump(exclude={"kind"}).items())


def judge(table: ScoreTable, thresholds: Thresholds) -> Verdicts:
    """Every token's verdict by the strategy of the thresholds. Raises: SettingsError as `filters.judge`, and for a
    strategy that goes by what this run does not hold yet."""
    verdicts = filters.judge(table, thresholds)
    choose = STRATEGIES[thresholds.strategy.kind].choose
    if choose is None:
        return verdicts
    if lack := lacks(table, thresholds.strategy):
        raise SettingsError(lack)
    choice = choose(table, thresholds.strategy, verdicts)
    return _applied(table, verdicts, replace(choice, title=STRATEGIES[thresholds.strategy.kind].title))


def lacks(table: ScoreTable, chosen: Settings) -> str:
    """What this run has to be given before the strategy can be used, in a sentence; empty if nothing."""
    kind = chosen.kind  # type: ignore[attr-defined]
    found = STRATEGIES[kind]
    if kind == "augment" and not controls.is_augmented(table):
        return (f"{found.title} trains on a run of its own, with twins: make it with `xtf augment RUN`, and use this "
                "strategy there.")
    missing = [name for name in found.needs(chosen) if name not in table.added]
    if not missing:
        return ""
    named, option = getattr(chosen, "reference", "reference"), ""
    lacking = "the responses' losses without their prompts" if missing == [ALONE] else "a reference model"
    if named != "reference":
        lacking, option = f"the reference model {named}", f" --strategy-reference {named}"
    return (f"{found.title} needs {lacking}, which this run does not hold yet: make it with "
            f"`xtf prepare RUN --strategy {kind}{option}`.")


def _applied(table: ScoreTable, verdicts: Verdicts, choice: Choice) -> Verdicts:
    """XTF's verdicts replaced by a choice; what a person decided goes before it."""
    keep, hand = choice.keep, verdicts.hand
    by_hand, spared = np.zeros(len(keep), bool), np.zeros(len(keep), bool)
    if choice.by_hand and verdicts.thresholds.overrides:
        by_hand = overrides.DROPS[hand] & table.trainable
        spared = overrides.KEEPS[hand] & table.trainable & ~keep
    failed = (table.trainable & ~keep) * np.uint8(BY_STRATEGY)
    bits = failed * ~spared | by_hand * np.uint8(BY_HAND)
    seen = hand if choice.by_hand else np.zeros_like(hand)
    return Verdicts(bits, failed, table.trainable & (bits == 0), spared, seen, verdicts.attributes, verdicts.thresholds,
                    (*verdicts.notes, *choice.notes), choice)
