"""JSON Lines by the column against `json`, row by row."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest

from xtf.export import jsonl

HOSTILE = ['"', "\\", "a\nb\r\t", "\u2028\u2029", "</script>", "\x00\x1f\x7f", "é", "e\u0301", "😀", "\u202eabc", "",
           "null", '","labels":[1],"x":"', "{0}%s"]


def lists(rows, kind) -> pa.Array:
    return pa.array(rows, pa.list_(kind))


def written(batch, path) -> list[dict]:
    """What `json` makes of each line; anything that is no JSON is an error."""
    jsonl.write(path, [batch])
    assert path.read_bytes().endswith(b"\n")
    return [json.loads(line, parse_constant=pytest.fail) for line in path.read_text("utf-8").split("\n")[:-1]]


def by_hand(rows) -> bytes:
    return b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)


def test_integers_are_written_byte_for_byte_as_json_writes_them(tmp_path):
    random = np.random.default_rng(0)
    edge = [0, -1, -100, 2**31 - 1, -2**31]
    rows = [{"input_ids": [*edge, *random.integers(-2**31, 2**31, n).tolist()][:n], "labels": [7] * n}
            for n in (0, 1, 5, 300, 0, 3)]
    batch = pa.RecordBatch.from_pylist(rows, schema=pa.schema([("input_ids", pa.list_(pa.int32())),
                                                               ("labels", pa.list_(pa.int8()))]))
    jsonl.write(tmp_path / "data", [batch, batch.slice(2, 3), batch.filter(pa.array([True, False] * 3))])
    expected = by_hand(rows) + by_hand(rows[2:5]) + by_hand(rows[::2])
    assert (tmp_path / "data").read_bytes() == expected


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_every_fraction_is_read_back_to_the_bit(tmp_path, kind):
    width, exact = {pa.float32(): (np.uint32, np.float32), pa.float64(): (np.uint64, np.float64)}[kind]
    drawn = np.random.default_rng(1).integers(0, 2 ** (8 * np.dtype(width).itemsize), 20_000, width).view(exact)
    values = np.concatenate([drawn[np.isfinite(drawn)], np.array([0.1, 1e-45, 5e-324, 3e38, 1e7, 1e20], exact)])
    row, = written(pa.record_batch({"p": lists([values.tolist()], kind)}), tmp_path / "data")
    np.testing.assert_array_equal(np.array(row["p"], exact), values)


def test_fractions_stay_fractions_and_nan_is_null(tmp_path):
    batch = pa.record_batch({"loss_weights": lists([[1, 0, -0.0], [math.nan, 0.5, 16777216]], pa.float32())})
    first, second = written(batch, tmp_path / "data")
    assert first["loss_weights"] == [1, 0, 0] and second["loss_weights"] == [None, 0.5, 16777216]
    assert all(isinstance(value, float) for value in first["loss_weights"] + second["loss_weights"][1:])


def test_infinity_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        jsonl.write(tmp_path / "data", [pa.record_batch({"p": lists([[math.inf]], pa.float32())})])


def test_hostile_text_in_values_and_names(tmp_path):
    rows = [{'i"d': text, "messages": [{"role": text, "spans": [[1, 2]]}], "n": lines} for lines, text in
            enumerate(HOSTILE)]
    batch = pa.RecordBatch.from_pylist(rows)
    assert written(batch, tmp_path / "data") == rows
    # Readers that cut lines by `str.splitlines` see the same lines.
    assert len((tmp_path / "data").read_text("utf-8").splitlines()) == len(rows)


def test_what_is_not_there_is_null(tmp_path):
    batch = pa.record_batch({"a": lists([None, [1, None], []], pa.int32()), "b": pa.array([None, "x", None])})
    assert written(batch, tmp_path / "data") == [{"a": None, "b": None}, {"a": [1, None], "b": "x"},
                                                 {"a": [], "b": None}]


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 20])
def test_reading_gives_the_rows_back_wherever_blocks_end(tmp_path, block):
    rows = [{"input_ids": list(range(n)), "id": "x" * n, "labels": [-100] * n} for n in (0, 1, 40, 2, 0, 5)]
    (tmp_path / "data").write_bytes(by_hand(rows))
    columns = pa.schema([("input_ids", pa.list_(pa.int32())), ("labels", pa.list_(pa.int32()))])
    found = pa.Table.from_batches(jsonl.read(tmp_path / "data", columns, block), columns).to_pylist()
    assert found == [{name: row[name] for name in columns.names} for row in rows]


@pytest.mark.parametrize("line", ['{"a":[1]', '{"b":[1]}', '{"a":null}', '{"a":[null]}', '{"a":["1"]}', '{"a":[1.5]}',
                                  '{"a":[NaN]}', "[1]", "x", '{"a":[1]}{', '{"a":[2147483648]}', '{"a":[1],"c":}'])
def test_a_line_that_is_not_such_a_row_is_an_error(tmp_path, line):
    (tmp_path / "data").write_text('{"a":[1]}\n' * 3 + line)
    with pytest.raises(ValueError):
        list(jsonl.read(tmp_path / "data", pa.schema([("a", pa.list_(pa.int32()))])))


def test_no_rows(tmp_path):
    columns = pa.schema([("a", pa.list_(pa.int32()))])
    jsonl.write(tmp_path / "data", [pa.RecordBatch.from_pylist([], schema=columns)])
    assert list(jsonl.read(tmp_path / "data", columns)) == []
