"""The inputs of a return with where each comes from: measured, given by you, or a default that nobody measured."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from xtf.config import settings
from xtf.value.measured import Measured
from xtf.value.settings import ValueSettings

Kind = Literal["measured", "yours", "default"]
WORDS: dict[Kind, str] = {"measured": "measured", "yours": "your assumption", "default": "default, not measured"}


class Source(NamedTuple):
    """Where a value comes from; `told` says where it was measured, in a sentence."""

    kind: Kind
    told: str = ""


class Inputs(NamedTuple):
    """All inputs, and the source of each."""

    settings: ValueSettings
    sources: dict[str, Source]


def inputs(found: Mapping[str, Measured], given: Mapping[str, Any]) -> Inputs:
    """What is given goes before what was measured, and this before the defaults. Raises: SettingsError."""
    values = {name: one.value for name, one in found.items()} | dict(given)
    if "time_ratio" in given and "time_by" not in given:
        values["time_by"] = "ratio"  # whoever gives it wants it to count
    made = settings(ValueSettings, values)
    return Inputs(made, {name: _source(name, found, given) for name in ValueSettings.model_fields})


def _source(name: str, found: Mapping[str, Measured], given: Mapping[str, Any]) -> Source:
    if name in given:
        return Source("yours")
    return Source("measured", found[name].told) if name in found else Source("default")


def unused(made: ValueSettings) -> list[str]:
    """Inputs that do not count in the way in which training time is worked out."""
    return ["kept_share", "head_share"] if made.time_by == "ratio" else ["time_ratio"]
