"""Small in-memory score tables for tests: what a run would hold, written down by hand."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from xtf.columns import TYPE_COLUMNS, Mark
from xtf.runs import Run, begin
from xtf.store import Manifest, ScoreTable

NAN = float("nan")
PROMPT, RESPONSE = int(Mark.PROMPT), int(Mark.RESPONSE)
EOS = int(Mark.RESPONSE | Mark.EOS | Mark.SPECIAL)
FINAL = int(Mark.RESPONSE | Mark.FINAL_ANSWER)


def table(ids: Sequence[Sequence[int]], marks: Sequence[Sequence[int]] | None = None,
          scores: Mapping[str, Sequence[Sequence[float]]] | None = None,
          types: Mapping[str, Mapping[int, float]] | None = None, first_ids: Mapping[int, int] | None = None,
          texts: Mapping[int, str] | None = None, chunks: int = 1) -> ScoreTable:
    """A table of one row per example. Every token is a response token unless `marks` says otherwise.

    `scores`: TOKEN_COLUMNS by name, shaped like `ids` (`logprob` and `received_mean_adjusted` are all NaN if missing).
    `types`: TYPE_COLUMNS by name, value by token id (NaN where missing). `first_ids`: by token id, where it is not the
    id itself. `texts`: of token ids; ` t7` for id 7 if missing. `chunks`: shards to spread the examples over.
    """
    texts = texts or {}
    marks = marks or [[RESPONSE] * len(row) for row in ids]
    nothing = [[NAN] * len(row) for row in ids]
    words = [[texts.get(token, f" t{token}") for token in row] for row in ids]
    ends = [np.cumsum([len(word) for word in row], dtype=np.int32) for row in words]
    columns = {
        "index": pa.array(range(len(ids)), pa.int32()), "id": pa.array([f"e{i}" for i in range(len(ids))]),
        "text": pa.array(["".join(row) for row in words], pa.string()),
        "ids": _lists(ids, pa.int32()), "marks": _lists(marks, pa.uint8()),
        "starts": _lists([[0, *end[:-1]] if len(end) else [] for end in ends], pa.int32()),
        "ends": _lists(ends, pa.int32())}
    for name, rows in {"logprob": nothing, "received_mean_adjusted": nothing, **(scores or {})}.items():
        columns[name] = _lists(rows, pa.float32())
    shards = pa.table(columns)
    step = -(-len(ids) // chunks)
    parts = [shards.slice(start, step) for start in range(0, len(ids), step)]
    return ScoreTable(parts, _types(ids, marks, types or {}, first_ids or {}, texts))


def saved(name: str, scores: ScoreTable) -> Run:
    """The table as a finished run of the workspace."""
    manifest = Manifest(name, "0123456789abcdef", {"data": "demo"}, {"name": "tiny"}, {"digest": "d"}, complete=True)
    run = begin(manifest)
    for index, shard in enumerate(scores.shards):
        run.write_shard(index, shard)
    run.finish(scores._types, manifest)
    return run


def _lists(rows: Sequence[Sequence[float]], kind: pa.DataType) -> pa.Array:
    return pa.array([np.asarray(row, kind.to_pandas_dtype()) for row in rows], pa.list_(kind))


def _types(ids: Sequence[Sequence[int]], marks: Sequence[Sequence[int]], values: Mapping[str, Mapping[int, float]],
           first_ids: Mapping[int, int], texts: Mapping[int, str]) -> pa.Table:
    everywhere = Counter(token for row in ids for token in row)
    in_responses = Counter(token for row, row_marks in zip(ids, marks, strict=True)
                           for token, mark in zip(row, row_marks, strict=True) if mark & RESPONSE)
    used = sorted(everywhere)
    columns = {
        "id": pa.array(used, pa.int32()),
        "first_id": pa.array([first_ids.get(token, token) for token in used], pa.int32()),
        "text": pa.array([texts.get(token, f" t{token}") for token in used], pa.string()),
        "count": pa.array([everywhere[token] for token in used], pa.int64()),
        "response_count": pa.array([in_responses[token] for token in used], pa.int64())}
    for name in TYPE_COLUMNS:
        columns[name] = pa.array([values.get(name, {}).get(token, NAN) for token in used], pa.float32())
    return pa.table(columns)
