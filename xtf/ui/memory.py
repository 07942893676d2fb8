"""Keeps the server's memory from growing while visitors come and go."""

import ctypes
import sys

import pyarrow as pa

_ARENA_MAX, _ARENAS = -8, 2  # M_ARENA_MAX of glibc's malloc.h
_MMAP_THRESHOLD, _LARGE = -3, 1 << 20  # M_MMAP_THRESHOLD; bytes


def share() -> None:
    """Lets all threads of this process share two pools of memory.

    Every run of a page is a new thread. glibc gives threads pools of their own, up to eight for each core, and so does
    Arrow; each keeps what the arrays of a judgement leave behind. With six visitors at a million tokens the process
    then holds twice the memory, and more with every click. Large arrays go back to the system when they die: glibc
    would else learn to keep ever larger ones, between which others then lie.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    if sys.platform.startswith("linux") and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_ARENA_MAX, _ARENAS)  # other C libraries have no such function, and no such pools
        mallopt(_MMAP_THRESHOLD, _LARGE)
