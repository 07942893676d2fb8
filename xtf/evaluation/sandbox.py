"""Code that nobody has read runs here: one program text, in a separate process that reaches nothing (`jail.py`).

A program may compute, and write to a small folder that lives in memory and goes with it. It has no network, sees no
file of the user's and no other process, gets no environment, and is ended when its time is over. Where the machine
cannot promise that, nothing is run.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xtf.errors import EvaluationError

_JAIL = Path(__file__).with_name("jail.py")
_GRACE = 10.0  # seconds that the jail has beside the program's, to build and to clear away


@dataclass(frozen=True)
class Limits:
    """What one program may use. Sizes in bytes."""

    seconds: float = 10.0  # of the clock; as much of the processor
    memory: int = 512 << 20  # of each process
    processes: int = 4  # threads included
    open_files: int = 32
    file: int = 1 << 20  # the longest file; the output, too
    disk: int = 16 << 20  # all files together
    output: int = 10_000  # what is kept of the end of the output


@dataclass(frozen=True)
class Outcome:
    """How a program ended. `fault` is empty if it ended by itself with exit status 0, else says why it did not."""

    fault: str
    output: str  # its end

    @property
    def passed(self) -> bool:
        return not self.fault


def run(program: str, limits: Limits | None = None) -> Outcome:
    """Runs a Python program; it has the standard library and nothing else.

    Raises: EvaluationError where this machine cannot shut it in; it was not run then.
    """
    limits = limits or Limits()
    if not sys.platform.startswith("linux"):
        raise _refusal("only Linux has what it takes")
    writable = program.encode("utf-8", "replace").decode()  # half a character could not be put into a file
    with tempfile.TemporaryDirectory(prefix="xtf-sandbox-") as folder:
        told = _told(json.dumps({"program": writable, "folder": folder, **_python(), **asdict(limits)}), limits)
    if "refused" in told:
        raise _refusal(str(told["refused"]))
    return Outcome(_fault(told, limits), told["output"])


@functools.cache
def check() -> None:
    """Raises: EvaluationError unless programs can be shut in here. Tried once, with a harmless one."""
    ended = run("print('begun')")
    if ended.output != "begun\n":
        raise _refusal(ended.fault or "a harmless program did not run")


def _python() -> dict[str, Any]:
    """The interpreter without its virtual environment, and the folders that it is made of."""
    prefixes = dict.fromkeys(map(os.path.realpath, (sys.base_prefix, sys.base_exec_prefix)))
    return {"python": os.path.realpath(sys.executable), "prefixes": list(prefixes)}


def _told(task: str, limits: Limits) -> dict[str, Any]:
    process = subprocess.Popen([sys.executable, "-I", str(_JAIL)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env={}, text=True, encoding="utf-8", start_new_session=True)
    try:
        told, _ = process.communicate(task, timeout=limits.seconds + _GRACE)
        return dict(json.loads(told))
    except subprocess.TimeoutExpired:
        return {"status": None, "timed_out": True, "output": ""}
    except ValueError:  # it was killed from outside
        return {"refused": f"the process that builds the walls ended with status {process.returncode}"}
    finally:
        _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    """Lets the jail end its program; what does not listen is killed."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def _fault(told: dict[str, Any], limits: Limits) -> str:
    if told["timed_out"]:
        return f"it took longer than {limits.seconds:g} seconds"
    if told["status"] < 0:
        return f"it was ended by signal {-told['status']}"
    return f"it ended with status {told['status']}" if told["status"] else ""


def _refusal(why: str) -> EvaluationError:
    return EvaluationError(
        f"Code cannot be run safely on this machine ({why.rstrip('.')}): it takes Linux 5.12 or newer with namespaces "
        "allowed. Nothing was run; evaluate without --run-code, or elsewhere.")
