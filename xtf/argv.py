"""Settings as flags of our own command line: what `xtf.cli.flags` reads, written."""

from typing import Any

from xtf.config import Settings


def of_settings(settings: Settings, skip: str = "") -> list[str]:
    """Flags for the fields that differ from their defaults; `skip` names one that is given in another way."""
    return [word for name, field in type(settings).model_fields.items()
            if name != skip and (value := getattr(settings, name)) != field.default for word in flag(name, value)]


def flag(name: str, value: Any) -> list[str]:
    """`with_scores`, True → `--with-scores`; a tuple gives its flag once for each item."""
    word = name.replace("_", "-")
    if isinstance(value, tuple):
        return [part for item in value for part in (f"--{word}", str(item))]
    if isinstance(value, bool):
        return [f"--{word}" if value else f"--no-{word}"]
    return [f"--{word}", str(value)]
