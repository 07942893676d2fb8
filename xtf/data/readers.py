"""Readers of single data files. Each yields rows as dicts in the order of the file, in constant memory.

JSON and CSV are read here and not by `datasets`: that one turns texts such as "007", "NA" or "2024-05-01" into
numbers, nothing and dates, and tells no line number.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from xtf.errors import DataError

Rows = Iterator[dict[str, Any]]
BATCH = 256  # rows decoded at a time
LONGEST_CELL = 1 << 30  # characters; the csv module stops at 131,072 otherwise


def json_lines(path: Path) -> Rows:
    """One JSON object a line; blank lines are skipped. Raises: DataError with the number of the line at fault."""
    for number, line in _lines(path):
        if line.strip():
            yield _row(_parsed(line.rstrip("\r\n"), path, number), path, number)


def json_document(path: Path) -> Rows:
    """A JSON array of objects, an object of objects (its key becomes `pubid`, as PubMedQA has it), a single object,
    or JSON lines under a .json name. Raises: DataError with the number of the line at fault."""
    try:
        with _text(path) as file:
            first = next((character for character in iter(lambda: file.read(1), "") if not character.isspace()), "")
        if first == "[":
            yield from _array(path)
        elif first and _holds_lines(path):
            yield from json_lines(path)
        elif first:
            yield from _object_rows(path)
    except UnicodeDecodeError:
        for _ in _lines(path):  # finds the line, which the streaming decoder does not know
            pass
        raise


def comma_separated(path: Path) -> Rows:
    """A table with a header, cells as they stand. Raises: DataError with the number of the line at fault."""
    csv.field_size_limit(LONGEST_CELL)
    lines = (line for _, line in _lines(path))
    header = next(lines, "")
    table = csv.DictReader(_chained(header, lines), delimiter=_delimiter(path, header), strict=True)
    try:
        for row in table:
            if None in row:
                raise DataError(f"Line {table.line_num} of {path} has more cells than the header has columns "
                                f"({len(table.fieldnames or ())}); quote cells that hold the delimiter.")
            yield cast(dict[str, Any], row)
    except csv.Error as error:
        raise DataError(f"Line {table.reader.line_num} of {path} cannot be read as CSV ({error}); check its quotes."
                        ) from error


def parquet(path: Path) -> Rows:
    # By default a whole row group is read at once, and many files are one row group.
    with pa.parquet.ParquetFile(path, memory_map=True, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=BATCH):
            yield from batch.to_pylist()


def arrow(path: Path) -> Rows:
    """An Arrow IPC file or stream."""
    with pa.memory_map(str(path)) as file:  # a file may be one batch, as large as it is
        try:
            batches = iter(pa.ipc.open_stream(file))
        except pa.ArrowInvalid:
            reader = pa.ipc.open_file(file)
            batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
        for batch in batches:
            for start in range(0, batch.num_rows, BATCH):
                yield from batch.slice(start, BATCH).to_pylist()


#: Suffix → reader. Text files may also be compressed: .jsonl.gz and so on.
READERS: dict[str, Callable[[Path], Rows]] = {
    ".jsonl": json_lines, ".ndjson": json_lines, ".json": json_document,
    ".csv": comma_separated, ".tsv": comma_separated, ".parquet": parquet, ".arrow": arrow,
}


def suffix(path: Path) -> str:
    """The suffix that decides how a file is read: the last one, or the one before .gz."""
    return Path(path.stem if path.suffix.lower() == ".gz" else path.name).suffix.lower()


def reason(error: BaseException) -> str:
    """The beginning of a library's complaint on one line, to be put into a sentence."""
    return " ".join(str(error).split())[:200].rstrip(" .:") or type(error).__name__


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


@contextmanager
def _text(path: Path) -> Iterator[io.TextIOWrapper]:
    with _opened(path) as file:
        yield io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their endings and numbers from 1. Raises: DataError for a line that is not UTF-8."""
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DataError(f"Line {number} of {path} is not UTF-8 text (byte 0x{line[error.start]:02x}); save the "
                                "file as UTF-8.") from error


def _parsed(text: str, path: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _broken(path, line + error.lineno - 1, f"{error.msg.lower()}, character {error.colno}") from error
    except (ValueError, RecursionError) as error:  # an endless number, endless nesting
        raise _broken(path, line, str(error)) from error


def _broken(path: Path, line: int, why: str) -> DataError:
    return DataError(f"Line {line} of {path} is not valid JSON ({why}); mend that line or remove it.")


def _row(value: Any, path: Path, line: int) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise DataError(f"Line {line} of {path} holds a JSON {type(value).__name__} where an object with named columns is "
                    "needed.")


def _holds_lines(path: Path) -> bool:
    """Whether a .json file holds JSON lines: more than one line, the first of which is an object by itself."""
    lines = (line for _, line in _lines(path) if line.strip())
    first = next(lines, "")
    if next(lines, None) is None:
        return False
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        return False


def _object_rows(path: Path) -> Rows:
    with _text(path) as file:
        document = _row(_parsed(file.read(), path, 1), path, 1)
    if document and all(isinstance(value, dict) for value in document.values()):
        for key, row in document.items():
            yield {"pubid": key, **row}
    elif document:
        yield document


def _array(path: Path) -> Rows:
    with _text(path) as file:
        text = _Scanner(file, path)
        text.take("[")
        while text.peek() != "]":
            line = text.line
            yield _row(text.value(), path, line)
            if text.peek() != "]":
                text.take(",")
        text.take("]")
        if text.peek():
            raise _broken(path, text.line, "text after the end of the array")


class _Scanner:
    """Reads JSON values off a text file without ever holding much more than one of them."""

    def __init__(self, file: io.TextIOWrapper, path: Path):
        self._file, self._path = file, path
        self._buffer, self._at, self._newlines = "", 0, 0
        self._decoder = json.JSONDecoder()

    @property
    def line(self) -> int:
        """Line of the next character, from 1."""
        return 1 + self._newlines + self._buffer.count("\n", 0, self._at)

    def peek(self) -> str:
        """The next character that is no white space; empty at the end of the file."""
        while True:
            while self._at < len(self._buffer):
                if not self._buffer[self._at].isspace():
                    return self._buffer[self._at]
                self._at += 1
            if not self._more(1 << 16):
                return ""

    def take(self, character: str) -> None:
        if self.peek() != character:
            raise _broken(self._path, self.line, f"{character!r} expected")
        self._at += 1

    def value(self) -> Any:
        """The next JSON value, read on until it is whole. Raises: DataError where it is broken."""
        self.peek()
        size = 1 << 16
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._buffer, self._at)
                return value
            except json.JSONDecodeError as error:
                line = self._newlines + error.lineno
                if not self._more(size):
                    raise _broken(self._path, line, error.msg.lower()) from error
            except (ValueError, RecursionError) as error:
                raise _broken(self._path, self.line, str(error)) from error
            size *= 2  # the value is longer than what is there: doubling keeps the retries linear

    def _more(self, size: int) -> bool:
        piece = self._file.read(size)
        self._newlines += self._buffer.count("\n", 0, self._at)
        self._buffer, self._at = self._buffer[self._at:] + piece, 0
        return bool(piece)


def _delimiter(path: Path, header: str) -> str:
    return "\t" if suffix(path) == ".tsv" else max(",;\t", key=header.count)


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest
