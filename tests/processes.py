"""The command line in a process of its own, with what it took."""

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
