"""The dashboard in a real Chromium: a server of its own, and the browser that looks at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STILL = (ROOT / "tests" / "js" / "still.js").read_text(encoding="utf-8")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@contextmanager
def chromium():
    """A running browser. Skips, and says why, where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser test was run")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium was found: the dashboard was not tried in a browser")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield running
        finally:
            running.close()


@contextmanager
def dashboard(home: Path, log: Path, folder: Path = ROOT, base: str = ""):
    """A fresh server on a free port over the workspace `home`; gives its address. `folder` holds its app.py,
    `base` is where the pages lie below that address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true",
               f"--server.baseUrlPath={base}"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT,
                                  env=os.environ | {"XTF_HOME": str(home), "PYTHONPATH": str(ROOT)})
    try:
        _wait_for(f"http://127.0.0.1:{port}{base}/_stcore/health", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


@contextmanager
def watched_tab(browser, **options):
    """A tab that must not meet a script fault, and in which nothing of the data may run."""
    context = browser.new_context(**options)
    tab, faults = context.new_page(), []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    yield tab
    context.close()
    assert faults == []


def still(page) -> None:
    """What fades or moves has come to its end, at once; what turns for ever is left to it."""
    page.evaluate(STILL)


def settled(page) -> None:
    """Waits until the page has drawn itself: the heading is there, the parts of Streamlit that it fetches when they are
    first needed have come, nothing runs or is stale any more, and our own components have filled themselves.

    What has just been done on the page may not have reached the server yet: wait first for what it leads to."""
    page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
    page.wait_for_load_state("networkidle", timeout=60_000)
    page.wait_for_function(
        """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
                 && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
                 && ![...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].some(({shadowRoot}) =>
                        !shadowRoot || shadowRoot.querySelector('.text:empty, .dials:empty'))""", timeout=120_000)
