"""Settings under a name, as YAML that people read, edit and pass on: only what differs from a preset is written.

    $XTF_HOME/settings/NAME.yaml
"""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator

import xtf
from xtf import workspace
from xtf.config import ATTRIBUTES, KINDS, MAIN_FIELD, PRESETS, Settings, Thresholds, settings
from xtf.errors import SettingsError

DEFAULT_PRESET = "corrected"
LARGEST = 1_000_000  # characters of a file: thousands of overrides
_SUFFIXES = (".yaml", ".yml")
_HEADER = "# Settings of XTF: which response tokens are trained. Use them with: xtf filter RUN --settings FILE\n"


class Origin(Settings):
    """The run that settings were made on."""

    name: str
    id: str


class Saved(Settings):
    """Thresholds with where they come from."""

    xtf: str = Field("", description="Version of XTF that wrote them.")
    name: str = Field("", description="What they are saved as.")
    created: str = Field("", description="When, ISO 8601 in UTC.")
    run: Origin | None = None
    note: str = Field("", max_length=500)
    preset: str = DEFAULT_PRESET
    thresholds: Thresholds = Thresholds()

    @field_validator("preset")
    @classmethod
    def _known(cls, preset: str) -> str:
        if preset not in PRESETS:
            raise ValueError(f"there is none called {preset!r}, only {', '.join(PRESETS)}")
        return preset


def stamped(thresholds: Thresholds, preset: str = DEFAULT_PRESET, note: str = "", run: Origin | None = None,
            name: str = "") -> Saved:
    """Settings as of now. Raises: SettingsError for a note that is too long."""
    now = workspace.now()
    return settings(Saved, {"xtf": xtf.__version__, "name": name, "created": now, "run": run, "note": note,
                            "preset": preset, "thresholds": thresholds})


def to_yaml(thresholds: Thresholds, preset: str = DEFAULT_PRESET, note: str = "", run: Origin | None = None,
            name: str = "") -> str:
    """The settings as of now as a YAML file. Raises: SettingsError for a note that is too long."""
    return text(stamped(thresholds, preset, note, run, name))


def text(saved: Saved) -> str:
    """Settings as a YAML file; `from_yaml` gives them back."""
    values = saved.model_dump(exclude={"thresholds"}, exclude_defaults=True) | {"preset": saved.preset}
    values |= {"thresholds": differences(saved.preset, saved.thresholds)}
    layout: dict[str, Any] = {"sort_keys": False, "default_flow_style": None, "width": 120}
    content = yaml.safe_dump(values, allow_unicode=True, **layout)
    if "\x85" in content:  # PyYAML takes this sign for a line break that it may indent after; escaped it is safe
        content = yaml.safe_dump(values, **layout)
    return _HEADER + content


def from_yaml(content: str) -> Saved:
    """Settings of a YAML file. Raises: SettingsError naming everything that is wrong with it in one sentence."""
    if len(content) > LARGEST:
        raise SettingsError(f"These settings are too long: a file of them has at most {LARGEST:,} characters.")
    try:
        twice = list(_twice(yaml.compose(content, yaml.SafeLoader)))
        values = yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SettingsError(f"These settings are not readable as YAML: {_where(error)}.") from error
    if not isinstance(values, dict):
        raise SettingsError("These settings are empty: write at least a line such as preset: corrected."
                            if values is None else
                            "These settings are no list of names and values: write lines such as preset: corrected.")
    if twice:
        raise SettingsError(f"These settings say {', '.join(twice)} twice: keep one of each.")
    values = _dated(values) | {"thresholds": _over_preset(values)}
    return settings(Saved, values)


def save(name: str, thresholds: Thresholds, preset: str = DEFAULT_PRESET, note: str = "", run: Origin | None = None,
         overwrite: bool = False) -> Saved:
    """Keeps settings under a name. Raises: SettingsError for a name that cannot be one, or is taken; StoreError."""
    path = path_of(name)
    if path.exists() and not overwrite:
        raise SettingsError(f"There are settings called {name} already: choose another name, or overwrite them.")
    saved = stamped(thresholds, preset, note, run, name)
    write(path, saved)
    return saved


def load(name_or_path: str | Path) -> Saved:
    """Settings by name, or from a file ending in .yaml or .yml. Raises: SettingsError."""
    given = str(name_or_path)
    by_name = not given.lower().endswith(_SUFFIXES)
    path = path_of(given) if by_name else workspace.expanded(given)
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(_unknown(given) if by_name else f"There is no file {given}: check its path.") from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{given} could not be read as text: {_where(error)}.") from error
    try:
        found = from_yaml(content)
    except SettingsError as error:
        raise SettingsError(f"{given}: {error}") from error
    return found.model_copy(update={"name": path.stem if by_name else found.name})


def find(name: str | Path) -> Saved:
    """A preset, settings by name, or those of a file. Raises: SettingsError."""
    if (preset := str(name)) in PRESETS:
        return Saved(name=preset, preset=preset, thresholds=PRESETS[preset][1])
    return load(name)


def listed() -> tuple[list[Saved], list[str]]:
    """All named settings, newest first, and a sentence for each file that cannot be read."""
    found, faults = [], []
    for name in _names():
        try:
            found.append(load(name))
        except SettingsError as error:
            faults.append(str(error))
    return sorted(found, key=lambda saved: saved.created, reverse=True), faults


def delete(name: str) -> None:
    """Raises: SettingsError where there are none of that name."""
    try:
        path_of(name).unlink()
    except FileNotFoundError as error:
        raise SettingsError(_unknown(name)) from error


def differences(preset: str, thresholds: Thresholds) -> dict[str, Any]:
    """What thresholds change of a preset, plain values for files. A rule that differs is given whole."""
    base, found = PRESETS[preset][1].model_dump(), thresholds.model_dump()
    changed = {name: value for name, value in found.items() if value != base[name]}
    if "overrides" in changed:
        changed["overrides"] = [{"by": override.by} | override.model_dump(exclude_defaults=True)
                                for override in thresholds.overrides]
    return changed | {name: _short(name, changed[name]) for name in KINDS if name in changed}


def path_of(name: str) -> Path:
    """The file of a name. Raises: SettingsError for what cannot be one."""
    if name.lower().endswith(_SUFFIXES):
        raise SettingsError(f"{name} cannot be a name for settings, being that of a file: leave its ending out.")
    if name in PRESETS:
        raise SettingsError(f"{name} is the name of a preset: choose another for settings of your own.")
    return workspace.home() / "settings" / f"{workspace.checked_name(name)}.yaml"


def _names() -> list[str]:
    names = []
    for path in sorted((workspace.home() / "settings").glob("*.yaml")):
        with contextlib.suppress(SettingsError):  # no file of ours
            names.append(path_of(path.stem).stem)
    return names


def _unknown(name: str) -> str:
    known = _names()
    return f"There are no settings called {name}" + (f": choose one of {', '.join(known)}." if known else
                                                     ", nor any others: save some first.")


def write(path: Path, saved: Saved) -> None:
    """Puts settings on disk. Raises: StoreError."""
    content = text(saved).encode()
    workspace.write_atomically(path, lambda temporary: temporary.write_bytes(content))


def _short(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    """A rule, or the strategy, without what is as usual for its kind."""
    usual = KINDS[name][rule["kind"]]().model_dump()
    main = MAIN_FIELD.get(rule["kind"])
    return {name: value for name, value in rule.items() if name in ("kind", main) or value != usual[name]}


def _over_preset(values: Mapping[str, Any]) -> Any:
    """The thresholds of a file laid over its preset; whatever else is there is left to be found faulty."""
    preset, changed = values.get("preset", DEFAULT_PRESET), values.get("thresholds", {})
    if not isinstance(changed, dict):
        return changed
    base = PRESETS[preset][1] if isinstance(preset, str) and preset in PRESETS else Thresholds()
    changed = base.model_dump() | changed | {name: _rule(changed[name]) for name in ATTRIBUTES if name in changed}
    if isinstance(changed["overrides"], list):
        changed["overrides"] = [_dated(one) if isinstance(one, dict) else one for one in changed["overrides"]]
    return changed


def _rule(value: Any) -> Any:
    """YAML reads the word off as False."""
    if value is False:
        return {"kind": "off"}
    return value | {"kind": "off"} if isinstance(value, dict) and value.get("kind") is False else value


def _dated(values: dict[Any, Any]) -> dict[Any, Any]:
    """YAML reads a date without quotes as a date: its text is meant."""
    created = values.get("created")
    return values | {"created": created.isoformat()} if isinstance(created, date) else values


def _twice(node: Any, seen: set[int] | None = None) -> Iterator[str]:
    """Keys that one mapping holds twice: YAML's own reader takes the last and says nothing."""
    seen = set() if seen is None else seen
    if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
        return
    seen.add(id(node))
    children = node.value
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        yield from sorted({key for key in keys if keys.count(key) > 1})
        children = [value for _, value in node.value]
    for child in children:
        yield from _twice(child, seen)


def _where(error: Exception) -> str:
    """What a reader found, on one line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} in line {error.problem_mark.line + 1}"
    return " ".join(str(error).split()) or type(error).__name__
