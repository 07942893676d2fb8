"""What differs between two thresholds, field by field and in words. Pure functions."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from xtf.config import KINDS, MAIN_FIELD, ByClass, ByType, Override, Thresholds
from xtf.words import excerpt, visible

OVERRIDES = "overrides"
_NAMES = {"cap_ties": "ties at the cap", "protect_eos": "protect EOS", "insist": "use uninformative scores"}


class Change(NamedTuple):
    """One field that differs, in words that may quote text from data. `field` is a name of Thresholds, with the rule's
    field behind a dot ("novelty.value"); "novelty.kind" stands for the whole rule. An override is there or not: before
    and after are "no" and "yes"."""

    field: str
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        if self.field == OVERRIDES:
            return self.name if self.after == "yes" else f"no longer {self.name}"
        return f"{self.name} {self.before} → {self.after}"


def between(before: Thresholds, after: Thresholds) -> list[Change]:
    """What leads from one to the other, in the order of the fields; an override that came or went is one change."""
    found: list[Change] = []
    for name in Thresholds.model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name in KINDS:
            found += _rule_changes(name, old, new)
        elif name == OVERRIDES:
            found += _override_changes(old, new)
        else:
            found.append(Change(name, _named(name), _said(old), _said(new)))
    return found


def in_words(changes: list[Change], most: int = 2) -> str:
    """`novelty cutoff 0.95 → 0.9, combine any → two and 3 more`; empty for none."""
    first = ", ".join(map(str, changes[:most]))
    rest = len(changes) - most
    return f"{first} and {rest} more" if rest > 0 else first


def decision(override: Override) -> str:
    """`never drop numbers`, `always drop ␣the`, `never drop “48 / 2” in 7`."""
    verb = "never drop" if override.action == "keep" else "always drop"
    if isinstance(override, ByClass):
        return f"{verb} {override.role}"
    if isinstance(override, ByType):
        text = excerpt(visible(override.text), 40)
        return f"{verb} {text} (token {override.token})" if text else f"{verb} token {override.token}"
    where = f"“{excerpt(override.quote, 40)}”" if override.quote else f"characters {override.start} to {override.end}"
    return f"{verb} {where} in {excerpt(override.example, 40)}"


def rule(found: Any) -> str:
    """A rule or a strategy in a few words: `cutoff 0.95`, `quantile 0.02, scope dataset`, `random, keep 0.6`."""
    usual = type(found)().model_dump()
    main = MAIN_FIELD.get(found.kind)
    if found.kind == "off":
        return "off"
    more = [f"{_named(name)} {_said(value)}" for name, value in found.model_dump(exclude={"kind", main}).items()
            if value != usual[name]]
    return ", ".join([f"{found.kind} {_said(getattr(found, main))}" if main else found.kind, *more])


def _rule_changes(attribute: str, old: Any, new: Any) -> Iterator[Change]:
    if old.kind != new.kind:
        yield Change(f"{attribute}.kind", attribute, rule(old), rule(new))
        return
    before, after = old.model_dump(), new.model_dump()
    for name in [name for name in before if before[name] != after[name]]:
        main = name == MAIN_FIELD.get(old.kind)
        yield Change(f"{attribute}.{name}", f"{attribute} {old.kind if main else _named(name)}",
                     _said(before[name]), _said(after[name]))


def _override_changes(old: tuple[Override, ...], new: tuple[Override, ...]) -> Iterator[Change]:
    gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
    if not gone and not come:
        yield Change(OVERRIDES, "overrides in another order", "no", "yes")
    for one in gone:
        yield Change(OVERRIDES, decision(one), "yes", "no")
    for one in come:
        yield Change(OVERRIDES, decision(one), "no", "yes")


def _named(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " "))


def _said(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
