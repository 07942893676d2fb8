"""Exports of made-up examples."""

from typing import Any, get_args

from xtf.config import Check, ExportSettings


def whole(format: str, **more: Any) -> ExportSettings:
    """Settings under which everything is exported: made-up examples have no end of turn, some keep nothing, some are
    alike."""
    return ExportSettings(**{"format": format, "allow": get_args(Check)} | more)
