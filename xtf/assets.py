"""Files that the pages show or load."""

from pathlib import Path

import xtf


def asset(name: str) -> Path:
    """A file of assets/: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(xtf.__file__).parent
    folders = [folder / "assets" for folder in (package.parent, package / "_app")]
    return next((folder / name for folder in folders if (folder / name).is_file()), folders[0] / name)
