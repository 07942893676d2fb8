"""The command line in a process of its own, with what it took; and work that usually gets one, without."""

import pickle
import subprocess
import sys

_CODE = """
import sys
from xtf.cli.main import main
from xtf.engine import room
try:
    main(sys.argv[1:])
finally:
    print(room.peak_memory(), file=sys.stderr)
"""


def peak_memory(*arguments: str) -> int:
    """Bytes: the greatest resident memory of `xtf *arguments`."""
    done = subprocess.run([sys.executable, "-c", _CODE, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


class Here:
    """Stands in for `xtf.bench.alone.alone` and does the work in this process, since a process that starts PyTorch
    takes seven seconds. What is sent to it and back must be sendable all the same."""

    def __init__(self):
        self.asked = []

    def __call__(self, work, *given):
        self.asked.append(given)
        work, given = pickle.loads(pickle.dumps((work, given)))
        return pickle.loads(pickle.dumps(work(*given)))
