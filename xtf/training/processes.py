"""The processes of one fine-tune: one, or as many as `accelerate launch` started, of which the first alone writes."""

import os


def count() -> int:
    """How many there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this is the one that writes files and tells how far it is."""
    return int(os.environ.get("RANK", "0")) == 0
