"""Rows of the export as Arrow record batches, a slice of the run at a time."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from xtf import filters
from xtf.carry import CarriedExample
from xtf.filters import Verdicts
from xtf.store import ScoreTable

TOKENS = 1 << 18  # of one batch, unless a single example is longer
COLUMNS = {"input_ids": pa.int32(), "attention_mask": pa.int8(), "labels": pa.int32()}
#: With weights: what the trainer multiplies the loss of each token by, 0 where the label is -100, 1 elsewhere but for
#: strategies that weigh tokens.
WEIGHTS = {"loss_weights": pa.float32()}
#: With scores: each attribute in display terms (NaN where there is none) and the verdict's bits.
SCORES = {"reasoning": pa.float32(), "p": pa.float32(), "relevance": pa.float32(), "verdict": pa.uint8()}


def schema(with_weights: bool, with_scores: bool) -> pa.Schema:
    """The columns of the export, in order; every one but `id` is a list with one entry per token."""
    lists = {**COLUMNS, **(WEIGHTS if with_weights else {}), **(SCORES if with_scores else {})}
    fields = [pa.field(name, pa.list_(kind)) for name, kind in lists.items()]
    return pa.schema([pa.field("id", pa.string()), *fields] if with_scores else fields)


def batches(table: ScoreTable, verdicts: Verdicts, rows: np.ndarray, columns: pa.Schema) \
        -> Iterator[tuple[int, pa.RecordBatch]]:
    """(tokens of the run passed, batch) for consecutive slices; `rows` bool[N] says which examples are in."""
    start = 0
    while start < len(table):
        end = int(np.searchsorted(table.offsets, table.offsets[start] + TOKENS, side="right")) - 1
        end = max(end, start + 1)
        flat = _columns(table, verdicts, slice(table.offsets[start], table.offsets[end]), columns)
        offsets = pa.array((table.offsets[start:end + 1] - table.offsets[start]).astype(np.int32))
        arrays = [pa.array(table.example_ids[start:end], pa.string()) if name == "id" else
                  pa.ListArray.from_arrays(offsets, pa.array(flat[name], columns.field(name).type.value_type))
                  for name in columns.names]
        batch = pa.RecordBatch.from_arrays(arrays, schema=columns)
        if not rows[start:end].all():
            batch = batch.filter(pa.array(rows[start:end]))
        yield int(table.offsets[end]), batch
        start = end


def _columns(table: ScoreTable, verdicts: Verdicts, here: slice, columns: pa.Schema) -> dict[str, np.ndarray]:
    flat = _training(table.ids[here], verdicts.keep[here], verdicts.weights(here))
    if "verdict" in columns.names:
        scores = {name: found.values[here] for name, found in verdicts.attributes.items()}
        flat |= {"reasoning": scores["reasoning"], "p": scores["novelty"], "relevance": scores["relevance"],
                 "verdict": verdicts.bits[here]}
    return flat


def _training(ids: np.ndarray, keep: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """What a trainer reads of these tokens."""
    return {"input_ids": ids, "attention_mask": np.ones(len(ids), np.int8), "labels": filters.labels(ids, keep),
            "loss_weights": weights}


def carried(examples: Iterable[CarriedExample], table: ScoreTable, columns: pa.Schema) \
        -> Iterator[tuple[int, pa.RecordBatch]]:
    """As `batches`, of examples in another tokenizer's ids."""
    rows: list[CarriedExample] = []
    tokens = 0
    for example in examples:
        rows.append(example)
        tokens += len(example.tokens)
        if tokens >= TOKENS:
            yield int(table.offsets[example.index + 1]), _carried_batch(rows, columns)
            rows, tokens = [], 0
    if rows:
        yield int(table.offsets[-1]), _carried_batch(rows, columns)


def _carried_batch(rows: list[CarriedExample], columns: pa.Schema) -> pa.RecordBatch:
    keep = np.concatenate([row.keep for row in rows])
    flat = _training(np.concatenate([row.tokens.ids for row in rows]), keep, keep.astype(np.float32))
    offsets = pa.array(np.append(0, np.cumsum([len(row.tokens) for row in rows])).astype(np.int32))
    arrays = [pa.ListArray.from_arrays(offsets, pa.array(flat[field.name], field.type.value_type)) for field in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)
