"""How long work tells where it is: a verb takes a `Progress` and calls it with what is done and what there is."""

from collections.abc import Callable

#: Called as progress(done, total, stage): tokens done, tokens in all (0 = not known yet), and a few words.
Progress = Callable[[int, int, str], None]


def silent(done: int, total: int, stage: str) -> None:
    """For callers that do not care."""
