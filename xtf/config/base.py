"""What all settings share: frozen pydantic models whose faults are told in one sentence."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from xtf.errors import SettingsError


class Settings(BaseModel):
    """Base of all settings: frozen, and unknown fields are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


AnySettings = TypeVar("AnySettings", bound=Settings)


def settings(kind: type[AnySettings], values: Mapping[str, Any]) -> AnySettings:
    """`values` as settings of `kind`. Raises: SettingsError naming every faulty field in one sentence."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'settings'}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
                  for fault in error.errors(include_url=False)]
        raise SettingsError("Settings out of order: " + "; ".join(faults) + ".") from error
