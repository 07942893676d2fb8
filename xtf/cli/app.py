"""`xtf app`: the dashboard."""

import os
import runpy
import signal
import sys
from pathlib import Path

import click

import xtf
from xtf.cli.output import json_flag, show
from xtf.errors import XtfError


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--address", default="127.0.0.1", show_default=True,
              help="Interface to listen on. Anything but 127.0.0.1 lets others in: there is no login.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME",
              help="Name or address by which browsers may ask for the dashboard; repeatable. Needed with --address.")
@click.option("--open/--no-open", "open_browser", default=True, help="Open a browser window.")
@json_flag
def app(port: int, address: str, hosts: tuple[str, ...], open_browser: bool, as_json: bool) -> None:
    """Open the dashboard on http://127.0.0.1:8501."""
    folder = app_folder()
    if as_json:
        show({"url": f"http://{address}:{port}", "pid": os.getpid()}, as_json)
        sys.stdout.flush()
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the server says is not part of the object
    headless = str(not (open_browser and _has_display())).lower()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # the server closes first, and then raises the signal once more
    sys.argv = ["streamlit", "run", str(folder / "app.py"), f"--server.port={port}", f"--server.address={address}",
                f"--server.headless={headless}", *(f"--server.allowedHosts={host}" for host in hosts)]
    runpy.run_module("streamlit", run_name="__main__")


def app_folder() -> Path:
    """Where app.py and pages/ are: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(xtf.__file__).parent
    for folder in (package.parent, package / "_app"):
        if (folder / "app.py").is_file() and (folder / "pages").is_dir():
            return folder
    raise XtfError("The dashboard's files are not installed: run `make app` in a checkout of XTF.")


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
