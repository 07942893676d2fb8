"""Puts the dashboard into the wheel, under xtf/_app, so that an installed XTF can serve it.

A build hook and not hatchling's `force-include`, which would leave stale copies behind in editable installs too.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DASHBOARD = ("app.py", "pages", "assets", ".streamlit/config.toml")


class WheelLayout(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            build_data["force_include"].update({path: f"xtf/_app/{path}" for path in DASHBOARD})
