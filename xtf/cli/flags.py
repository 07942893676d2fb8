"""Command-line flags made from settings: one field is one flag, with the field's own help and default."""

import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from xtf.config import (
    ATTRIBUTES,
    MAIN_FIELD,
    PRESETS,
    RULES,
    STRATEGY_SETTINGS,
    ByClass,
    Role,
    Settings,
    Thresholds,
    settings,
)
from xtf.errors import SettingsError

if TYPE_CHECKING:
    from xtf.saved import Saved

Command = TypeVar("Command", bound=Callable[..., Any])


def from_settings(kind: type[Settings], skip: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """A decorator that adds one option a field of `kind`. Values not given arrive as None and keep their default."""
    options = [_option(name, field) for name, field in kind.model_fields.items() if name not in skip]

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command
    return decorate


def given(values: Mapping[str, Any], kind: type[Settings]) -> dict[str, Any]:
    """Those of a command's arguments that are fields of `kind` and were given."""
    return {name: value for name, value in values.items() if name in kind.model_fields and value not in (None, ())}


def _option(name: str, field: FieldInfo) -> Callable[[Command], Command]:
    flag = "--" + name.replace("_", "-")
    default = "" if field.default is None else f" [default: {_shown(field.default)}]"
    if field.annotation is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=f"{field.description}{default}")
    if get_origin(field.annotation) is tuple:
        return click.option(flag, name, multiple=True, type=_click_type(get_args(field.annotation)[0]),
                            help=field.description)
    return click.option(flag, name, default=None, type=_click_type(field.annotation),
                        help=f"{field.description}{default}")


def _shown(default: Any) -> str:
    return ("on" if default else "off") if isinstance(default, bool) else str(default)


def _click_type(annotation: Any) -> click.ParamType | type:
    """The click type of a field's annotation; ranges are checked by the settings, all at once."""
    if get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Literal:
        return click.Choice(get_args(annotation))
    return annotation if annotation in (int, float) else str


_RULE_HELP = {"cutoff": "Absolute cutoff", "quantile": "Percentile, as a share", "fence": "IQR fence, width k",
              "otsu": "Otsu cluster to drop, 0 = lowest", "off": "Switch the attribute off"}


def thresholds_options(command: Command) -> Command:
    """Adds --preset or --settings, --strategy with its fields, the fields of Thresholds, for each attribute
    --NAME-cutoff, -quantile, -fence, -otsu, -off and what goes with them (-classes, -scope, -cap, -cap-ties),
    --never-drop and --always-drop."""
    options = [click.option("--preset", type=click.Choice(list(PRESETS)),
                            help="Settings to start from. [default: corrected]"),
               click.option("--settings", "settings_name", metavar="NAME|FILE.yaml",
                            help="Settings to start from instead of a preset: a name that `xtf settings` lists, or a "
                                 "file.")]
    options += [_option(name, field) for name, field in Thresholds.model_fields.items()
                if name not in (*ATTRIBUTES, "overrides", "strategy")]
    options += _strategy_options()
    for attribute in ATTRIBUTES:
        options += _rule_options(attribute)
    options += [click.option("--never-drop", multiple=True, type=click.Choice(get_args(Role)),
                             help="Keep all tokens of this class, by hand. May be given several times."),
                click.option("--always-drop", multiple=True, type=click.Choice(get_args(Role)),
                             help="Drop all tokens of this class, by hand. May be given several times.")]
    for option in reversed(options):
        command = option(command)
    return command


def _rule_options(attribute: str) -> list[Callable[[Any], Any]]:
    options = [click.option(f"--{attribute}-off", is_flag=True, help=f"{_RULE_HELP['off']}.")]
    for kind, field in MAIN_FIELD.items():
        value = RULES[kind].model_fields[field]
        in_terms = " (in terms of p)" if (attribute, kind) == ("novelty", "cutoff") else ""
        options.append(click.option(f"--{attribute}-{kind}", type=_click_type(value.annotation),
                                    help=f"{_RULE_HELP[kind]} for {attribute}{in_terms}."))
    options += [
        click.option(f"--{attribute}-classes", type=int, help="Number of Otsu clusters."),
        click.option(f"--{attribute}-scope", help="example, dataset or (Otsu) dataset+prompts."),
        click.option(f"--{attribute}-cap", type=float, help="Drop at most this share of a response."),
        click.option(f"--{attribute}-cap-ties", type=click.Choice(["position", "published"]), help="Ties at the cap.")]
    return options


def _strategy_fields() -> dict[str, list[str]]:
    """The fields of strategies, and which have them."""
    found: dict[str, list[str]] = {}
    for kind, chosen in STRATEGY_SETTINGS.items():
        for name in chosen.model_fields:
            if name != "kind":
                found.setdefault(name, []).append(kind)
    return found


def _strategy_options() -> list[Callable[[Any], Any]]:
    helps = {"keep": "Share of the response tokens that is kept",
             "drop": "Share that is dropped, of examples or (eaft) of tokens",
             "cutoff": "Tokens of a lower p are dropped", "seed": "Decides what is drawn",
             "reference": "Name of the reference model of this run"}
    options = [click.option("--strategy", type=click.Choice(list(STRATEGY_SETTINGS)),
                            help="How tokens are chosen. [default: xtf, the three attributes]")]
    for name, kinds in _strategy_fields().items():
        field = STRATEGY_SETTINGS[kinds[0]].model_fields[name]
        options.append(click.option(f"--strategy-{name}", type=_click_type(field.annotation),
                                    help=f"{helps[name]}. For {', '.join(kinds)}."))
    return options


def thresholds_from(values: Mapping[str, Any]) -> Thresholds:
    """Preset or settings with the given flags laid over them. Raises: SettingsError naming all faults."""
    chosen = started(values).thresholds.model_dump()
    chosen |= given({name: value for name, value in values.items() if name != "strategy"}, Thresholds)
    for attribute in ATTRIBUTES:
        chosen[attribute] = _rule(attribute, values, chosen[attribute])
    chosen["strategy"] = _strategy(values, chosen["strategy"])
    chosen["overrides"] = (*chosen["overrides"], *_by_class(values))
    return settings(Thresholds, chosen)


def started(values: Mapping[str, Any]) -> "Saved":
    """What the flags are laid over. Raises: SettingsError for settings that there are not, or beside a preset."""
    from xtf import saved

    preset, name = values["preset"], values["settings_name"]
    if preset and name:
        raise SettingsError("--preset and --settings exclude each other: settings name the preset they start from.")
    if name:
        return saved.load(name)
    return saved.Saved(preset=preset or saved.DEFAULT_PRESET, thresholds=PRESETS[preset or saved.DEFAULT_PRESET][1])


def _by_class(values: Mapping[str, Any]) -> list[ByClass]:
    """The classes that are kept or dropped by hand; without a date, so that a command always means the same."""
    keep, drop = dict.fromkeys(values["never_drop"]), dict.fromkeys(values["always_drop"])
    if both := [role for role in keep if role in drop]:
        raise SettingsError(f"--never-drop {both[0]} and --always-drop {both[0]} exclude each other: give one.")
    return [ByClass(action=action, role=role) for action, chosen in (("keep", keep), ("drop", drop)) for role in chosen]


def _strategy(values: Mapping[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    kind = values["strategy"] or preset["kind"]
    chosen = dict(preset) if kind == preset["kind"] else {"kind": kind}
    return chosen | {name: value for name in _strategy_fields() if (value := values[f"strategy_{name}"]) is not None}


def _rule(attribute: str, values: Mapping[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """The attribute's rule: a new kind replaces the preset's, the same kind and the further flags amend it."""
    kinds = [kind for kind in MAIN_FIELD if values[f"{attribute}_{kind}"] is not None]
    kinds += ["off"] if values[f"{attribute}_off"] else []
    if len(kinds) > 1:
        raise SettingsError(f"--{attribute}-{kinds[0]} and --{attribute}-{kinds[1]} exclude each other: give one.")
    kind = kinds[0] if kinds else preset["kind"]
    rule = dict(preset) if kind == preset["kind"] else {"kind": kind}
    if kinds and kind in MAIN_FIELD:
        rule[MAIN_FIELD[kind]] = values[f"{attribute}_{kind}"]
    for field in ("classes", "scope", "cap", "cap_ties"):
        if (value := values[f"{attribute}_{field}"]) is not None:
            rule[field] = value
    return rule
