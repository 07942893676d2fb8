"""Visitors who come to a fresh server at the same moment: their scripts import the same modules from many threads."""

import ast
import subprocess
import sys

import pytest

from tests.browser import ROOT

PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
TOGETHER = """
import sys, threading
import streamlit  # the server itself has done so
sys.setswitchinterval(1e-6)
names, faults = sys.argv[1:], []
start = threading.Barrier(len(names))

def visit(name):
    start.wait()
    try:
        exec(f"from xtf.ui import {name}")
    except BaseException as error:
        faults.append(f"{name}: {error!r}")

threads = [threading.Thread(target=visit, args=[name]) for name in names]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit("\\n".join(faults) or 0)
"""


def test_pages_can_be_imported_from_many_threads_at_once():
    # Each imports pandas, Plotly and pyarrow in an order of its own.
    names = [path.stem for path in sorted((ROOT / "xtf" / "ui").glob("*.py")) if path.stem != "__init__"]
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", TOGETHER, *names], cwd=ROOT, capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_import_from_the_package_of_pages_first(path):
    """`from xtf.ui import x` waits until another thread has imported all of `xtf.ui`; `from xtf.ui.x` does not."""
    found = [node.module for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.ImportFrom) and str(node.module).startswith("xtf")]
    assert found[0] == "xtf.ui"
