"""Programs that try to break out, for real. Each is stopped, told as a failure, and leaves the machine as it was."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from xtf.errors import EvaluationError
from xtf.evaluation import sandbox
from xtf.evaluation.sandbox import Limits


@pytest.fixture(scope="module", autouse=True)
def shut_in():
    """Where it cannot be promised that programs stay inside, the refusal is all there is to test."""
    try:
        sandbox.check()
    except EvaluationError as error:
        assert "Nothing was run" in str(error)
        pytest.skip(str(error))


def run(program: str, **limits) -> sandbox.Outcome:
    return sandbox.run(program, Limits(**{"seconds": 5, **limits}))


def test_a_harmless_program_runs_with_the_standard_library_and_a_folder_of_its_own():
    ended = run("import heapq, json, math, re\nopen('note', 'w').write('kept')\nprint(open('note').read(), math.pi)")
    assert ended.passed and ended.output == "kept 3.141592653589793\n"


def test_what_a_program_says_of_itself_is_told():
    assert run("import sys; sys.exit(3)").fault == "it ended with status 3"
    assert "ZeroDivisionError" in run("1 / 0").output
    assert run("print('\ud800')").passed  # half a character, which no file can hold


def test_no_socket_reaches_a_server_on_this_machine():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.1)
        ended = run(f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}))")
        with pytest.raises(TimeoutError):
            server.accept()
    assert not ended.passed and "unreachable" in ended.output


def test_no_unix_socket_is_in_sight(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0xtf-test-of-the-sandbox")
        server.listen()
        ended = run("import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0xtf-test-of-the-sandbox')")
    assert "refused" in ended.output and not ended.passed


def test_files_outside_can_be_neither_read_nor_written_nor_deleted(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the user's")
    attempts = [f"open({str(secret)!r}).read()", f"open({str(secret)!r}, 'w')", f"os.remove({str(secret)!r})",
                f"os.mkdir({str(tmp_path / 'new')!r})"]
    for attempt in attempts:
        ended = run(f"import os\n{attempt}")
        assert not ended.passed and "Error" in ended.output, attempt
    assert secret.read_text() == "of the user's" and [path.name for path in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize("place", ["/", "/usr", "/dev", sys.base_prefix])
def test_nothing_but_its_own_folder_can_be_written(place):
    ended = run(f"open({place!r} + '/xtf-was-here', 'w')")
    assert not ended.passed and "Read-only" in ended.output
    assert not os.path.exists(f"{place}/xtf-was-here")


def test_it_sees_no_home_no_processes_and_no_environment(monkeypatch):
    monkeypatch.setenv("XTF_TEST_TOKEN", "hidden")
    ended = run("import os\nprint(sorted(os.environ), os.path.exists('/proc/1'), os.path.exists('/etc/passwd'), "
                f"os.path.exists({str(Path(__file__).parent)!r}), os.getpid(), os.getppid())")
    assert ended.output in ("['LC_CTYPE'] False False False 1 0\n", "[] False False False 1 0\n")


def test_rights_cannot_be_had_again():
    ended = run("import ctypes\nc = ctypes.CDLL(None)\nnew_user, new_mounts, remount = 0x10000000, 0x20000, 0x1020\n"
                "print([c.unshare(new_user), c.unshare(new_mounts), c.mount(None, b'/usr', None, remount, None), "
                "c.chroot(b'/'), c.setuid(0), c.sethostname(b'x', 1)])")
    assert ended.output == "[-1, -1, -1, -1, -1, -1]\n"


def test_an_endless_loop_ends():
    started = time.monotonic()
    ended = run("while True: pass", seconds=0.5)
    assert ended.fault == "it took longer than 0.5 seconds" and time.monotonic() - started < 5


def test_a_program_that_listens_to_no_signal_leaves_no_process():
    ended = run("import ctypes, os, signal, time\nc = ctypes.CDLL(None)\nc.prctl(1, 0)\nc.prctl(15, b'xtf-stubborn')\n"
                "for number in {*range(1, 32)} - {9, 19}: signal.signal(number, signal.SIG_IGN)\n"
                "if os.fork() == 0: os.setsid()\n"
                "print('begun', flush=True)\nwhile True: time.sleep(1)", seconds=0.5)
    assert "longer" in ended.fault and ended.output == "begun\nbegun\n"
    assert not [process for process in psutil.process_iter(["name"]) if process.info["name"] == "xtf-stubborn"]


def test_a_fork_bomb_comes_to_nothing():
    ended = run("import os, time\nmade = 0\nwhile made < 50:\n    if os.fork() == 0:\n        time.sleep(20)\n"
                "    made += 1\n")
    assert not ended.passed and "BlockingIOError" in ended.output


def test_memory_files_and_output_have_an_end():
    assert "MemoryError" in run("x = 'x' * (1 << 30)").output
    assert "OSError" in run("open('big', 'w').write('x' * (2 << 20))").output
    loud = run("while True: print('x' * 1000)", output=2000)
    assert not loud.passed and len(loud.output) == 2000
    many = run("for number in range(100): open(str(number), 'w').write('x' * (1 << 19))")
    assert "No space left" in many.output


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run("open('left', 'w').write('x')")
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_shut_in_nothing_runs(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(EvaluationError, match=r"only Linux has what it takes.*Nothing was run"):
        run("print('here')")


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to take rights away from root")
def test_without_the_right_to_make_namespaces_nothing_runs():
    program = ("import ctypes\nctypes.CDLL(None).prctl(24, 21, 0, 0, 0)\n"  # CAP_SYS_ADMIN out of the bounding set
               "from xtf.errors import EvaluationError\nfrom xtf.evaluation import sandbox\n"
               "try: print(sandbox.run('print(1)'))\nexcept EvaluationError as error: print(error)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "unshare: Operation not permitted" in done.stdout and "Nothing was run" in done.stdout
