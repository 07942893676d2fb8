"""The processes of one fine-tune: one, or as many as `accelerate launch` started, of which the first alone writes."""

import functools
import os
import sys

from xtf import devices

_VISIBLE = "CUDA_VISIBLE_DEVICES"


def count() -> int:
    """How many there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this is the one that writes files and tells how far it is."""
    return int(os.environ.get("RANK", "0")) == 0


@functools.cache
def own_device(wanted: str) -> str:
    """The device that this process trains on. Of several GPUs a single process sees one from now on: `Trainer` would
    copy the model onto all that it sees and share out each batch, which is what `accelerate launch` is for. To be
    called before PyTorch looks for GPUs."""
    if not (wanted.startswith("cuda") or (wanted == "auto" and devices.has_accelerator() and sys.platform != "darwin")):
        return wanted
    if count() > 1:
        return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    index = int(wanted.partition(":")[2] or 0)
    visible = [name for name in os.environ.get(_VISIBLE, "").split(",") if name]
    if index < len(visible) or not visible:  # else it is not there, which loading the model tells
        os.environ[_VISIBLE] = visible[index] if visible else str(index)
        return "cuda:0" if wanted.startswith("cuda") else wanted
    return wanted
