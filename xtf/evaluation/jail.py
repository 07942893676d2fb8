"""Runs one program where it reaches nothing: no network, no files but Python's own, no other process, no memory to
waste. `xtf.evaluation.sandbox` starts this file as a process of its own, and nothing imports it.

Standard input has a JSON object (`Task`), standard output gets one: {"refused": why} where this machine cannot shut a
program in, in which case it was not run; else {"status", "timed_out", "output"}. The walls are Linux namespaces and a
new root that holds Python alone (user_namespaces(7), mount_namespaces(7), pid_namespaces(7), pivot_root(2)); as root
they are made directly and the program runs as nobody, else in a user namespace. Every call is checked: what the kernel
refuses ends this before the program begins.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
from typing import Any, TypedDict

NEW_MOUNTS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PIDS, NEW_NET = (
    0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000)
NOSUID, NODEV, BIND, RECURSIVE, PRIVATE, DETACH = 2, 4, 1 << 12, 1 << 14, 1 << 18, 2  # of mount(2), umount2(2)
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8  # of mount_setattr(2), which has other numbers than mount(2)
MOUNT_SETATTR, AT_CWD, AT_RECURSIVE = 442, -100, 0x8000  # the same on all architectures that Python has wheels for
DEATH_SIGNAL, DROP_CAPABILITY, NO_NEW_PRIVILEGES = 1, 24, 38  # of prctl(2)
CAPABILITIES_V3 = 0x2008_0522
NOBODY = 65534
READABLE = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache")
DEVICES = ("/dev/null", "/dev/urandom")


class Task(TypedDict):
    """What is run and how much of everything it may use; sizes in bytes."""

    program: str
    python: str  # the interpreter, without links
    prefixes: list[str]  # folders that it needs
    folder: str  # an empty one, over which the new root is mounted
    seconds: float
    memory: int  # of each process
    processes: int
    open_files: int
    file: int  # longest file
    disk: int  # all files together
    output: int  # what is told of the end of its output


def main() -> None:
    task: Task = json.load(sys.stdin)
    try:
        told = _run(task)
    except (OSError, AttributeError) as error:  # AttributeError: a C library without the function
        told = {"refused": str(error)}
    json.dump(told, sys.stdout)


def _run(task: Task) -> dict[str, Any]:
    _prctl(DEATH_SIGNAL, signal.SIGTERM)
    output, (reading, writing) = os.memfd_create("output"), os.pipe()
    _separate()
    _build(task)
    child = os.fork()
    if child == 0:
        _begin(task, output, writing)
    os.close(writing)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
    if fault := os.read(reading, 1000).decode():  # empty: the pipe closed because the program began
        os.waitpid(child, 0)
        raise OSError(fault)
    status, timed_out = _awaited(child, task["seconds"])
    return {"status": status, "timed_out": timed_out, "output": _tail(output, task["output"])}


def _awaited(child: int, seconds: float) -> tuple[int, bool]:
    """Exit status (negative: signal) and whether time ran out. Being the first of its process namespace, the child
    takes every process that it started with it."""
    ended, _, _ = select.select([os.pidfd_open(child)], [], [], seconds)
    if not ended:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), not ended


def _tail(output: int, size: int) -> str:
    length = os.fstat(output).st_size
    return os.pread(output, size, max(0, length - size)).decode("utf-8", "replace")


def _separate() -> None:
    """Into namespaces of one's own, with a network that has no device."""
    user, group = os.geteuid(), os.getegid()
    as_root = user == 0
    _libc("unshare", NEW_MOUNTS | NEW_UTS | NEW_IPC | NEW_PIDS | NEW_NET | (0 if as_root else NEW_USER))
    if not as_root:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    try:
        _write("/proc/sys/kernel/shmall", "0")  # of this namespace: shared memory would escape the limit on memory
    except OSError:
        pass  # before Linux 6.0 only root may; a program would have to go out of its way


def _build(task: Task) -> None:
    """A new root with Python, two devices and a small folder to write to, the only thing that can be written."""
    top = task["folder"]
    _mount(None, "/", None, RECURSIVE | PRIVATE)
    _mount("tmpfs", top, "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    inside, old, box = f"{top}/inside", f"{top}/old", f"{top}/inside/box"
    os.makedirs(box)
    os.mkdir(old)
    for path in [*READABLE, *task["prefixes"]]:
        _show(path, inside, READ_ONLY | NO_SUID | NO_DEVICES)
    for path in DEVICES:
        _show(path, inside, READ_ONLY | NO_SUID | NO_EXEC)
    _mount("tmpfs", box, "tmpfs", NOSUID | NODEV, f"size={task['disk']},nr_inodes=1000,mode=777")
    _write(f"{box}/program.py", task["program"])
    _restrict(top, READ_ONLY | NO_SUID | NO_DEVICES, recursive=False)
    _libc("pivot_root", top.encode(), old.encode())
    os.chdir("/")
    _libc("umount2", b"/old", DETACH)
    os.chroot("/inside")  # from within another root no user namespace, and so no new rights, can be had
    os.chdir("/box")


def _show(path: str, inside: str, attributes: int) -> None:
    """Makes a path of the old root visible at the same place of the new one."""
    place = inside + path
    if os.path.lexists(place) or not os.path.exists(path):
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), place)
        return
    if os.path.isdir(path):
        os.mkdir(place)
    else:
        _write(place, "")
    _mount(path, place, None, BIND | RECURSIVE)
    _restrict(place, attributes, recursive=True)


def _begin(task: Task, output: int, writing: int) -> None:
    """In the child: gives up all rights and becomes the program. Never returns; a fault goes into the pipe."""
    try:
        nothing = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.setsid()
        _give_up_rights()
        _limit(task)
        os.execve(task["python"], [task["python"], "-I", "-S", "-B", "-X", "utf8", "program.py"], {})
    except BaseException as error:
        os.write(writing, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(1)


def _give_up_rights() -> None:
    capability = 0
    while LIBC.prctl(DROP_CAPABILITY, capability, 0, 0, 0) == 0:  # fails after the last that the kernel knows
        capability += 1
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    _prctl(NO_NEW_PRIVILEGES, 1)
    header, nothing = (ctypes.c_uint32 * 2)(CAPABILITIES_V3, 0), (ctypes.c_uint32 * 6)()
    _libc("capset", header, nothing)
    _prctl(DEATH_SIGNAL, signal.SIGKILL)  # set last: a change of user takes it back


def _limit(task: Task) -> None:
    processor = int(task["seconds"]) + 1
    for kind, most in ((resource.RLIMIT_CPU, processor), (resource.RLIMIT_AS, task["memory"]),
                       (resource.RLIMIT_FSIZE, task["file"]), (resource.RLIMIT_NPROC, task["processes"]),
                       (resource.RLIMIT_NOFILE, task["open_files"]), (resource.RLIMIT_CORE, 0),
                       (resource.RLIMIT_MEMLOCK, 0), (resource.RLIMIT_MSGQUEUE, 0)):
        resource.setrlimit(kind, (most, most))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


LIBC: Any = ctypes.CDLL(None, use_errno=True)


def _libc(function: str, *arguments: Any) -> None:
    _checked(function, getattr(LIBC, function)(*arguments))


def _checked(what: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, value: int) -> None:
    _libc("prctl", option, value, 0, 0, 0)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [text if text is None else text.encode() for text in (source, target, kind)]
    result = LIBC.mount(*encoded, ctypes.c_ulong(flags), data if data is None else data.encode())
    _checked(f"mount of {source or target}", result)


def _restrict(path: str, attributes: int, recursive: bool) -> None:
    """mount_setattr(2), Linux 5.12: unlike a remount it reaches what is mounted below, too."""
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    result = LIBC.syscall(ctypes.c_long(MOUNT_SETATTR), ctypes.c_long(AT_CWD), path.encode(),
                          ctypes.c_long(AT_RECURSIVE if recursive else 0), wanted,
                          ctypes.c_long(ctypes.sizeof(wanted)))
    _checked(f"mount_setattr of {path}", result)


if __name__ == "__main__":
    main()
