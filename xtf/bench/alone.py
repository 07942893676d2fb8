"""Work in a process of its own, so that one's memory is not another's."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def alone(work: Callable[..., Any], *given: Any) -> Any:
    """work(*given) in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given).result()
