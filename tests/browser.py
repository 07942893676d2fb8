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
WINDOW = {"width": 1280, "height": 900}
_tabs: dict = {}  # of each browser, see `watched_tab`
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
            _tabs.pop(running, None)
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
        server.wait(10)


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
def watched_tab(browser, viewport=WINDOW, color_scheme="light"):
    """A tab that must not meet a script fault, and in which nothing of the data may run.

    All tests of a browser get the same one, since it knows Streamlit's scripts, whose loading takes half of the time
    of a page. What a test leaves is cleared away; where one fails, the next gets another tab."""
    if browser not in _tabs:
        _tabs[browser] = browser.new_context().new_page()
    tab, faults = _tabs[browser], []
    heard = {"pageerror": lambda error: faults.append(str(error)),
             "dialog": lambda dialog: (faults.append(dialog.message), dialog.dismiss())}
    for event, hear in heard.items():
        tab.on(event, hear)
    tab.set_viewport_size(viewport)
    tab.emulate_media(color_scheme=color_scheme)
    tab.mouse.move(0, 0)
    try:
        yield tab
        assert faults == []
    except BaseException:
        _tabs.pop(browser).context.close()
        raise
    _clear(tab)
    for event, hear in heard.items():
        tab.remove_listener(event, hear)


def _clear(tab) -> None:
    tab.evaluate("localStorage.clear(); sessionStorage.clear()")
    tab.goto("about:blank")
    tab.context.clear_cookies()
    for other in tab.context.pages:
        if other != tab:
            other.close()


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
