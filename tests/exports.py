"""Exports of made-up examples."""

from typing import Any

from xtf.config import ExportSettings


def whole(format: str, **more: Any) -> ExportSettings:
    """Settings under which everything is exported: made-up examples have no end of turn, and some keep nothing."""
    return ExportSettings(**{"format": format, "allow": ("empty", "eos")} | more)
