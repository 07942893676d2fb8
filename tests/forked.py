"""`xtf` in processes of their own that need not import PyTorch first: they are forked from one that has. What a kill
leaves on the disk is the same, and the seconds before the first file are not waited for again and again."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

#: What commands that score and export import.
_HEAVY = ["xtf.cli.main", "xtf.cli.score", "xtf.cli.export", "xtf.engine.local", "xtf.export", "datasets",
          "transformers.models.llama.modeling_llama"]


def _work(arguments: list[str], told: str, folder: str, environment: dict[str, str]) -> None:
    from xtf.cli.main import main

    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for stream, path in ((1, os.devnull), (2, told)):
        os.dup2(os.open(path, os.O_WRONLY), stream)
    main(arguments)


def ready() -> None:
    """Waits until PyTorch has been imported, so that the next process is quick."""
    assert ran([sys.executable, "-m", "xtf", "--version"]).returncode == 0


def ran(argv: list[str]) -> subprocess.CompletedProcess:
    """What `subprocess.run` gives, of such a process."""
    process = Forked(argv)
    _, errors = process.communicate()
    return subprocess.CompletedProcess(argv, process.returncode, "", errors.decode())


class Forked:
    """Such a process, with what is used of `subprocess.Popen`: of stderr all is kept, of stdout nothing."""

    def __init__(self, argv: list[str]) -> None:
        assert argv[:3] == [sys.executable, "-m", "xtf"], "nothing but xtf can be forked"
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_HEAVY)
        handle, told = tempfile.mkstemp()
        os.close(handle)
        self._told = Path(told)
        self._process = context.Process(target=_work, args=(argv[3:], told, os.getcwd(), dict(os.environ)))
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("xtf", timeout)
        return self._process.exitcode

    def communicate(self) -> tuple[bytes, bytes]:
        self.wait()
        errors = self._told.read_bytes()
        self._told.unlink()
        return b"", errors
