"""Flags for another tokenizer, which `xtf filter` and `xtf export` share."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from xtf.cli import flags
from xtf.config import OtherTokenizer, settings
from xtf.errors import SettingsError

Command = TypeVar("Command", bound=Callable[..., Any])


def options(command: Command) -> Command:
    """Adds --for-tokenizer and the further fields of OtherTokenizer."""
    option = click.option("--for-tokenizer", metavar="OTHER", help="Carry the verdicts over to another tokenizer. "
                          f"{OtherTokenizer.model_fields['tokenizer'].description}")
    return option(flags.from_settings(OtherTokenizer, skip=("tokenizer",))(command))


def chosen(values: Mapping[str, Any]) -> OtherTokenizer | None:
    """Raises: SettingsError for faulty fields, and for fields that are given without --for-tokenizer."""
    found = flags.given(values, OtherTokenizer)
    if values["for_tokenizer"] is not None:
        return settings(OtherTokenizer, found | {"tokenizer": values["for_tokenizer"]})
    if found:
        flag = next(iter(found)).replace("_", "-")
        raise SettingsError(f"--{flag} is about another tokenizer: give --for-tokenizer, too.")
    return None
