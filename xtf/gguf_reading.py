"""GGUF files, read once for each load. transformers reads a file anew for configuration, tokenizer and weights, and
makes gguf's table of names once for every module of a model: together that is three quarters of the time it takes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_ALONE = threading.RLock()  # what is put into the library is there for all threads


@contextmanager
def read_once() -> Iterator[None]:
    """Within it, gguf gives again what it has made already: the reader of a file, the table of an architecture."""
    import gguf

    with _ALONE:
        before = {name: getattr(gguf, name) for name in ("GGUFReader", "get_tensor_name_map")}
        if hasattr(before["GGUFReader"], "cache_info"):  # within another one
            yield
            return
        made: dict[str, Callable[..., Any]] = {
            "GGUFReader": cache(_plain(gguf.GGUFReader)), "get_tensor_name_map": cache(gguf.get_tensor_name_map)}
        try:
            _put(made)
            yield
        finally:
            _put(before)


def _put(found: dict[str, Callable[..., Any]]) -> None:
    import gguf

    for name, value in found.items():
        setattr(gguf, name, value)


def _plain(reader: Any) -> Any:
    """That reader, but taking its hundreds of thousands of small slices from an array, not from a mapped file: the same
    bytes in a third of the time."""
    import numpy as np

    class Plain(reader):
        data: Any

        def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Any:
            if isinstance(self.data, np.memmap):
                self.data = self.data.view(np.ndarray)
            return super()._get(offset, dtype, count, override_order)

    return Plain
