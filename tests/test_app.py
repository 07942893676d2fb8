"""`xtf app`: it opens the browser on a server that answers, and ends quietly."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_the_browser_and_ends_quietly(tmp_path, number):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f"#!{sys.executable}\nimport sys, urllib.request\n"
                       f"answer = urllib.request.urlopen(sys.argv[1]).status\n"
                       f"open({str(seen)!r}, 'w').write(f'{{sys.argv[1]}} {{answer}}\\n')\n")
    browser.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "xtf", "app", "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=os.environ | {"XTF_HOME": str(tmp_path / "home"), "BROWSER": str(browser), "DISPLAY": ":0"})
    try:
        deadline = time.monotonic() + 60
        while not (seen.exists() and seen.read_text().endswith("\n")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.1)
        process.send_signal(number)
        said = process.communicate(timeout=20)[0]
    finally:
        process.kill()
    assert seen.read_text() == f"http://127.0.0.1:{port} 200\n"
    assert process.returncode == 0 and f"http://127.0.0.1:{port}" in said
    assert "Abort" not in said and "Traceback" not in said
