"""Which device and which number format, decided without PyTorch where that can be: it takes seconds to import."""

import importlib.metadata
import os
import platform
import sys

from xtf import digests
from xtf.config import ModelSettings
from xtf.errors import ModelError

_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


def pick_device(wanted: str) -> str:
    """`auto` → cuda, mps or cpu. Raises: ModelError for a device that is not here."""
    if wanted == "cpu" or (wanted == "auto" and not has_accelerator()):
        return "cpu"  # without torch, which takes seconds to import
    import torch

    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError) as error:
        why = str(error).strip().splitlines()[0].rstrip(".")
        raise ModelError(f"There is no device {wanted} here ({why}): use --device auto.") from error
    return wanted


def has_accelerator() -> bool:
    """Whether there may be one: a CUDA, ROCm or WSL driver's device file, or a Mac."""
    return sys.platform == "darwin" or any(map(os.path.exists, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")))


def pick_dtype(device: str) -> str:
    """bfloat16 where the device multiplies it in hardware, else float32."""
    if device == "cpu":
        return "bfloat16" if _cpu_flags() & {"avx512_bf16", "amx_tile"} else "float32"
    import torch

    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "float32"


def _cpu_flags() -> set[str]:
    """What the processor can do, as Linux tells it; empty elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next((set(line.split()) for line in lines if line.startswith("flags")), set())
    except OSError:
        return set()


def dtype_of(settings: ModelSettings) -> str:
    """The number format of these settings, `auto` decided. On a machine with an accelerator PyTorch is asked once, and
    the answer remembered."""
    if settings.dtype != "auto":
        return settings.dtype
    if not has_accelerator():
        return pick_dtype(pick_device(settings.device))
    machine = [platform.node(), importlib.metadata.version("torch"), os.environ.get("CUDA_VISIBLE_DEVICES", "")]
    return digests.remembered(f"number format of {settings.device} on {machine}", [],
                              lambda: pick_dtype(pick_device(settings.device)))


def out_of_memory(error: BaseException) -> bool:
    """Whether that is what an error of PyTorch's, or of Python's, says."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_MEMORY)
