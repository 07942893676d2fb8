"""Strategies by name as they see one run, to be held against each other (`xtf.disagreement`)."""

from collections.abc import Iterable

from xtf import disagreement, strategies
from xtf.comparison import variants
from xtf.config import Thresholds
from xtf.disagreement import View
from xtf.errors import SettingsError, StoreError
from xtf.store import ScoreTable

#: What takes nothing beyond the scoring pass, and differs.
ALWAYS = ("xtf", "random", "df-perplexity", "stm", "eaft", "entropy")
#: What has to be prepared: compared by itself on runs where it was.
PREPARED = ("df-ifd", "slm", "token-cleaning", "self-evolving")


def defaults(table: ScoreTable, base: Thresholds) -> list[str]:
    """The strategies that are compared unless others are asked for."""
    return [*ALWAYS, *(name for name in PREPARED if not strategies.lacks(table, thresholds(name, base).strategy))]


def thresholds(name: str, base: Thresholds) -> Thresholds:
    """What a strategy of that name (`variants`) goes by, where `base` is what the user has set."""
    return variants.thresholds(name, base, getattr(base.strategy, "reference", "reference"))


def seen(table: ScoreTable, name: str, chosen: Thresholds) -> View | str:
    """Its verdicts on this run, or the sentence why there can be none."""
    try:
        return disagreement.view(table, variants.title(name), strategies.judge(table, chosen))
    except (SettingsError, StoreError) as error:
        return str(error)


def all_seen(table: ScoreTable, names: Iterable[str], base: Thresholds) -> tuple[dict[str, View], dict[str, str]]:
    """The views of those that can be used, and of the others the reason."""
    found = {name: seen(table, name, thresholds(name, base)) for name in names}
    return ({name: one for name, one in found.items() if isinstance(one, View)},
            {name: one for name, one in found.items() if isinstance(one, str)})
