"""A view as URL parameters and back: run, example, and how the thresholds differ from a preset.

    ?run=demo&example=gsm8k-3&preset=corrected&novelty.value=0.9&relevance=quantile&relevance.share=0.1&combine=two

Verdicts by hand are kept in the workspace, and overrides=DIGEST names them.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from xtf import linked
from xtf.changes import OVERRIDES
from xtf.config import KINDS, PRESETS, Override, Thresholds, settings
from xtf.errors import SettingsError, StoreError
from xtf.saved import DEFAULT_PRESET

_NONE = "none"


def to_query(run: str | None, example: str | None, preset: str, thresholds: Thresholds,
             pick: str | None = None) -> dict[str, str]:
    """The parameters of a view; what is as in the preset is left out."""
    query = {"run": run or "", "example": example or "", "pick": pick or "",
             "preset": "" if preset == DEFAULT_PRESET else preset}
    return {name: value for name, value in query.items() if value} | _differences(preset, thresholds)


def thresholds_from(query: Mapping[str, str]) -> tuple[str, Thresholds]:
    """Preset and thresholds of a link. Raises: SettingsError for a preset, a value or overrides that there are not."""
    preset = query.get("preset", DEFAULT_PRESET)
    if preset not in PRESETS:
        raise SettingsError(f"This link asks for the preset {preset}, which there is not: choose one of "
                            f"{', '.join(PRESETS)}.")
    values = PRESETS[preset][1].model_dump()
    for name in Thresholds.model_fields:
        if name in KINDS:
            values[name] = _rule(name, query, values[name])
        elif name == OVERRIDES:
            values[name] = linked.kept(query[name]) if name in query else ()
        elif name in query:
            values[name] = query[name]
    return preset, settings(Thresholds, values)


def _differences(preset: str, thresholds: Thresholds) -> dict[str, str]:
    base, found = PRESETS[preset][1].model_dump(), thresholds.model_dump()
    query: dict[str, str] = {}
    for name, value in found.items():
        if name in KINDS:
            query |= _rule_differences(name, base[name], value)
        elif name == OVERRIDES:
            query |= _overrides(thresholds.overrides)
        elif value != base[name]:
            query[name] = _text(value)
    return query


def _overrides(overrides: tuple[Override, ...]) -> dict[str, str]:
    """Where the disk is full, a page still has to be drawn: its link then leads to the rules alone."""
    if overrides:
        with contextlib.suppress(StoreError):
            return {OVERRIDES: linked.keep(overrides)}
    return {}


def _rule_differences(attribute: str, base: dict[str, Any], rule: dict[str, Any]) -> dict[str, str]:
    """Of a rule, or of the strategy."""
    query = {}
    if rule["kind"] != base["kind"]:
        query[attribute] = rule["kind"]
        base = KINDS[attribute][rule["kind"]]().model_dump()
    return query | {f"{attribute}.{name}": _text(value) for name, value in rule.items() if value != base[name]}


def _rule(attribute: str, query: Mapping[str, str], base: dict[str, Any]) -> dict[str, Any]:
    kind = query.get(attribute, base["kind"])
    rule = dict(base) if kind == base["kind"] else {"kind": kind}
    start = f"{attribute}."
    return rule | {name.removeprefix(start): None if value == _NONE else value
                   for name, value in query.items() if name.startswith(start)}


def _text(value: Any) -> str:
    if value is None:
        return _NONE
    return str(value).lower() if isinstance(value, bool) else str(value)
