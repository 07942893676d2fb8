"""Exporters by name: how record batches become a folder, and how they are read back.

    hf        what `datasets.load_from_disk(OUT)` opens
    parquet   OUT/data.parquet
    jsonl     OUT/data.jsonl, one JSON object a line
    text      the same file name; a line is as `xtf.export.text` says
    messages  the same file name; a line is as `xtf.export.messages` says
Beside the data each folder holds export.json (what made it) and README.md (a dataset card, by which
`datasets.load_dataset(OUT)` tells the data from the record).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import xtf.export.jsonl as jsonl
from xtf.export.messages import COLUMNS as MESSAGES
from xtf.export.rows import schema
from xtf.export.tally import RowTally, Tally, TokenTally
from xtf.export.text import COLUMNS as TEXT

Batches = Iterable[pa.RecordBatch]
ROWS = 1024  # read back at a time
TOKENS = schema(with_weights=False, with_scores=False)


@dataclass(frozen=True)
class Format:
    """One exporter. `write` fills a folder and `read` gives the rows back; both hold a few batches at a time."""

    title: str
    data: str  # file or pattern, for the dataset card
    write: Callable[[pa.Schema, Batches, Path], None]
    read: Callable[[Path], Iterator[pa.RecordBatch]]
    tally: Callable[[], Tally] = TokenTally  # of what is read


def _write_hf(columns: pa.Schema, batches: Batches, folder: Path) -> None:
    import datasets  # a second to import, which pages need not wait for

    stream = folder / "stream" / "data.arrow"  # a folder of its own: save_to_disk refuses the one it reads from
    stream.parent.mkdir()
    with pa.OSFile(str(stream), "wb") as file, pa.ipc.new_stream(file, columns) as writer:
        for batch in batches:
            writer.write_batch(batch)
    quiet = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        datasets.Dataset.from_file(str(stream)).save_to_disk(str(folder))
    finally:
        if not quiet:
            datasets.enable_progress_bars()
    stream.unlink()
    stream.parent.rmdir()


def _read_hf(folder: Path) -> Iterator[pa.RecordBatch]:
    import datasets

    for table in datasets.load_from_disk(str(folder)).with_format("arrow").iter(ROWS):
        yield from table.to_batches()


def _write_parquet(columns: pa.Schema, batches: Batches, folder: Path) -> None:
    with pq.ParquetWriter(folder / "data.parquet", columns) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _read_parquet(folder: Path) -> Iterator[pa.RecordBatch]:
    # pre_buffer would hold the whole file in memory.
    with pq.ParquetFile(folder / "data.parquet", pre_buffer=False) as file:
        yield from file.iter_batches(ROWS)


def _write_jsonl(columns: pa.Schema, batches: Batches, folder: Path) -> None:
    jsonl.write(folder / "data.jsonl", batches)


def _read_jsonl(columns: pa.Schema) -> Callable[[Path], Iterator[pa.RecordBatch]]:
    return lambda folder: jsonl.read(folder / "data.jsonl", columns)


FORMATS: dict[str, Format] = {
    "hf": Format("Hugging Face datasets folder", "*.arrow", _write_hf, _read_hf),
    "parquet": Format("Parquet", "data.parquet", _write_parquet, _read_parquet),
    "jsonl": Format("JSON Lines", "data.jsonl", _write_jsonl, _read_jsonl(TOKENS)),
    "text": Format("Text with the characters that are trained", "data.jsonl", _write_jsonl, _read_jsonl(TEXT),
                   RowTally),
    "messages": Format("Messages with training flags", "data.jsonl", _write_jsonl, _read_jsonl(MESSAGES),
                       RowTally),
}
TOKEN_FORMATS = ("hf", "parquet", "jsonl")  # whose rows are tokens
