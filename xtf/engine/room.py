"""Whether a run will fit: what it needs on disk and in memory against what there is."""

import re
import shutil
from pathlib import Path

import psutil

from xtf import models
from xtf.config import ScoreSettings
from xtf.workspace import size

BYTES_PER_TOKEN = 100  # on disk, until it is measured: ids, spans, marks and some 17 scores in float32
_CGROUP = Path("/sys/fs/cgroup")


def expected_bytes(tokens: int) -> int:
    """What so many scored tokens take on disk, about."""
    return tokens * BYTES_PER_TOKEN


def weight_bytes(settings: ScoreSettings) -> int:
    """What the weights of a local model take on disk, which is about what they take in memory; 0 of a hub id."""
    return sum(path.stat().st_size for path in models.locate(settings).weights)


def shortages(folder: Path, disk: int, memory: int, device: str) -> list[str]:
    """A sentence for each of disk and memory of which there is less than is needed; both in bytes."""
    sentences = []
    if disk > (free := free_disk(folder)):
        sentences.append(f"The disk may become full: the run needs about {size(disk)} and {size(free)} are free in "
                         f"{folder}. Free some space first, or it will stop there and can be resumed.")
    if device == "cpu" and memory > (available := free_memory()):
        sentences.append(f"Memory may run out: scoring needs about {size(memory)} and {size(available)} are available. "
                         "Close other programs, or choose a smaller model or --batch-tokens.")
    return sentences


def free_disk(folder: Path) -> int:
    """Bytes free for `folder`, which need not exist yet."""
    return shutil.disk_usage(next(path for path in (folder, *folder.absolute().parents) if path.exists())).free


def free_memory() -> int:
    """Bytes of memory that a process can still have, the limit of a container included."""
    available = int(psutil.virtual_memory().available)
    try:
        limit, used = (int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        cached = re.search(r"^inactive_file (\d+)$", (_CGROUP / "memory.stat").read_text(), re.MULTILINE)
        return min(available, limit - used + int(cached[1] if cached else 0))
    except (OSError, ValueError):  # no container, or one without a limit
        return available


def peak_memory() -> int:
    """Bytes: the most that this process has had in memory. Where only the present is told, that."""
    status = Path("/proc/self/status")
    if status.is_file():  # unlike getrusage, without what the process had before it became this program
        return 1024 * int(re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(), re.MULTILINE)[1])  # type: ignore[index]
    return int(psutil.Process().memory_info().rss)
