"""Counts and digest of an export's rows as they pass by, however they are cut into batches."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from xtf.filters import IGNORE
from xtf.ranks import per_example

_HASHED = ("input_ids", "attention_mask", "labels")


class Tally:
    """Counts and digest of rows; what a row says is up to the two kinds below."""

    def __init__(self, counts: Counter[str] | None = None):
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.examples = 0

    def passed(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches, counted."""
        for batch in batches:
            self.add(batch)
            yield batch

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts one batch and takes it into the digest, which does not depend on where batches are cut."""
        self.examples += batch.num_rows
        self._add(batch)

    @property
    def tokens(self) -> int:
        return self.counts["tokens"]

    @property
    def kept(self) -> int:
        return self.counts["kept"]

    @property
    def without_kept(self) -> int:
        """Examples."""
        return self.counts["without_kept"]

    @property
    def digest(self) -> str:
        """SHA-256 over all rows, which other columns such as scores have no part in."""
        raise NotImplementedError

    def _add(self, batch: pa.RecordBatch) -> None:
        raise NotImplementedError


class TokenTally(Tally):
    """Of rows of input_ids, attention_mask and labels, which say all of it."""

    def __init__(self) -> None:
        super().__init__()
        self._hashes: dict[str, Any] = {name: hashlib.sha256() for name in ("lengths", *_HASHED)}

    def _add(self, batch: pa.RecordBatch) -> None:
        flat = {name: batch.column(name).flatten().to_numpy(zero_copy_only=False).astype("<i4") for name in _HASHED}
        lengths = batch.column("input_ids").value_lengths().to_numpy(zero_copy_only=False).astype("<i8")
        for name, values in {"lengths": lengths, **flat}.items():
            self._hashes[name].update(values.tobytes())
        kept = flat["labels"] != IGNORE
        none = per_example(kept, np.append(0, np.cumsum(lengths))) == 0
        self.counts.update({"tokens": len(kept), "kept": int(np.count_nonzero(kept)),
                            "without_kept": int(np.count_nonzero(none))})

    @property
    def digest(self) -> str:
        joined = "".join(value.hexdigest() for value in self._hashes.values())
        return hashlib.sha256(joined.encode()).hexdigest()


class RowTally(Tally):
    """Of rows of messages, which do not say how many tokens of the run they stand for: whoever makes them counts those
    in `counts`; read back, only the examples and the digest count."""

    def __init__(self, counts: Counter[str] | None = None):
        super().__init__(counts)
        self._hash = hashlib.sha256()

    def _add(self, batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            self._hash.update((json.dumps(row) + "\n").encode())

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
