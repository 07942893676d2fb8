"""The arms of a comparison by name: strategies, and XTF by other presets, by some of its attributes, at other shares.

    normal, xtf, token-cleaning …     a strategy (`xtf.strategies`) at its defaults
    random-60                         random tokens, 60 % of all
    xtf-paper, xtf-published-code     XTF by these presets
    xtf-ri, xtf-kn-tr …               XTF by some attributes only, the others switched off
"""

import re
from typing import Any

from xtf.config import ATTRIBUTES, PRESETS, STRATEGY_SETTINGS, Off, Random, Thresholds, Xtf
from xtf.strategies import STRATEGIES

_PRESETS = {f"xtf-{name}": name for name in ("paper", "published-code")}
_SHORT = dict(zip(("ri", "kn", "tr"), ATTRIBUTES, strict=True))
_PARTS = ("ri", "kn", "tr", "ri-kn", "ri-tr", "kn-tr")
ABLATIONS = tuple(f"xtf-{part}" for part in _PARTS)
#: All names but for the random shares, which are many.
NAMES = (*STRATEGIES, *_PRESETS, *ABLATIONS)
_RANDOM = re.compile(r"random-(\d{1,2})")


def known(name: str) -> bool:
    """Whether there is such an arm."""
    return name in NAMES or _RANDOM.fullmatch(name) is not None


def title(name: str) -> str:
    """For people: `XTF (preset paper)`, never the paper's figures, `XTF (RI + KN only)`, `Random 60 %`."""
    if name in _PRESETS:
        return f"XTF (preset {_PRESETS[name]})"
    if name in ABLATIONS:
        return f"XTF ({name.removeprefix('xtf-').upper().replace('-', ' + ')} only)"
    if found := _RANDOM.fullmatch(name):
        return f"Random {int(found[1])} %"
    return STRATEGIES[name].title


def sentence(name: str) -> str:
    """What it does."""
    if name in _PRESETS:
        return PRESETS[_PRESETS[name]][0]
    if name in ABLATIONS:
        return f"The thresholds of {' and '.join(_attributes(name))} only; the other rules are off."
    if found := _RANDOM.fullmatch(name):
        return f"{int(found[1])} % of the response tokens, drawn at random."
    return STRATEGIES[name].sentence


def thresholds(name: str, base: Thresholds, reference: str = "reference") -> Thresholds:
    """What the arm is trained at. `base`: the comparison's own; `reference`: the name of the reference model that it
    may go by. What a person decided stays."""
    if name in _PRESETS:
        return PRESETS[_PRESETS[name]][1].model_copy(update={"overrides": base.overrides})
    if name in ABLATIONS:
        off = {attribute: Off() for attribute in ATTRIBUTES if attribute not in _attributes(name)}
        return base.model_copy(update={"strategy": Xtf(), **off})
    return base.model_copy(update={"strategy": _strategy(name, base, reference)})


def _strategy(name: str, base: Thresholds, reference: str) -> Any:
    if found := _RANDOM.fullmatch(name):
        return Random(keep=int(found[1]) / 100)
    if name == base.strategy.kind:  # as it was set
        chosen: Any = base.strategy
    else:
        chosen = STRATEGY_SETTINGS[name]()
    return chosen.model_copy(update={"reference": reference}) if hasattr(chosen, "reference") else chosen


def _attributes(name: str) -> list[str]:
    return [_SHORT[part] for part in name.removeprefix("xtf-").split("-")]
