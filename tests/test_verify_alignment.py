"""Two streams of rows compared: against a naive comparison, and in constant memory."""

import difflib

import numpy as np
import pyarrow as pa
import pytest

from xtf.export.alignment import Side, differences


def aligned(left: list, right: list) -> tuple[int, int, int, int]:
    """same, differing, missing, extra by the longest common subsequence of keys, for edits that lie apart."""
    keys = [[tuple(row["ids"]) for row in side] for side in (left, right)]
    same = differing = missing = extra = 0
    for kind, a, b, c, d in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if kind == "equal":
            wrong = sum(left[a + step] != right[c + step] for step in range(b - a))
            same, differing = same + b - a - wrong, differing + wrong
        else:
            both = min(b - a, d - c)
            differing, extra, missing = differing + both, extra + b - a - both, missing + d - c - both
    return same, differing, missing, extra


@pytest.mark.parametrize("seed", range(30))
def test_differences_are_those_of_a_naive_comparison(seed):
    random = np.random.default_rng(seed)
    right = [{"ids": [index, *random.integers(0, 9, random.integers(0, 4)).tolist()]} for index in range(400)]
    right = [row | {"labels": random.permutation(row["ids"]).tolist()} for row in right]
    left = [dict(row) for row in right]
    for place in sorted(random.choice(8, int(random.integers(0, 6)), replace=False) * 45 + 10, reverse=True):
        kind = random.choice(["label", "drop", "double", "other"])
        if kind == "label":
            left[place]["labels"] = [-100] * len(left[place]["ids"])
        elif kind == "drop":
            del left[place:place + int(random.integers(1, 20))]
        elif kind == "double":
            left.insert(place, {"ids": [-1], "labels": [5]})
        else:
            left[place] = {"ids": [-2], "labels": [-2]}
    counts = {"same": 0, "labels": 0, "text": 0, "missing": 0, "extra": 0}
    for one in differences(Side(cut(left, random), ["ids", "labels"]), Side(cut(right, random), ["ids", "labels"]),
                           ["ids"]):
        counts["same" if isinstance(one, int) else one.kind] += one if isinstance(one, int) else 1
    assert (counts["same"], counts["labels"] + counts["text"], counts["missing"], counts["extra"]) == aligned(
        left, right)


def cut(rows: list, random):
    """The rows as record batches of any size."""
    schema = pa.schema([("ids", pa.list_(pa.int32())), ("labels", pa.list_(pa.int32()))])
    start = 0
    while start < len(rows):
        end = start + int(random.integers(1, 150))
        yield pa.RecordBatch.from_pylist(rows[start:end], schema=schema)
        start = end


def test_memory_does_not_grow_with_the_export():
    """Batches are let go of as they are compared: of 60 MB on each side, a few at most are there."""
    most = 0

    def batches():
        nonlocal most
        for _ in range(60):
            yield pa.RecordBatch.from_arrays([pa.ListArray.from_arrays(
                pa.array(range(0, 250_001, 250), pa.int32()), pa.array(np.zeros(250_000, np.int32)))], names=["ids"])
            most = max(most, pa.total_allocated_bytes())

    before = pa.total_allocated_bytes()
    counts = list(differences(Side(batches(), ["ids"]), Side(batches(), ["ids"]), ["ids"]))
    assert sum(counts) == 60_000 and most - before < 16_000_000
