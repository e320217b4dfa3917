"""Reads any bytes as text, with a mark for what it could not read."""

import csv
import gzip
import zlib
from pathlib import Path
from typing import Iterator, NamedTuple

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Record(NamedTuple):
    file: str  # its name, like 2026-03-01-branch-1.csv
    line: int  # the how-manieth record of the file; the header is 1, a file as a whole is 0
    raw: str  # as it stands in the file, without the end of the line
    cells: list[str]
    fields: dict[str, str]  # the cells under the header's names
    fault: str | None = None  # a reason that reading it showed already


def file_names(folder: str) -> list[str]:
    return [path.name for path in paths(folder)]


def paths(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).iterdir() if path.name.endswith((".csv", ".csv.gz")))


def records(folder: str) -> Iterator[Record]:
    for path in paths(folder):
        try:
            yield from records_of(path.name, content_of(path))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield Record(path.name, 0, path.name, [], {}, "truncated")


def content_of(path: Path) -> bytes:
    """All of a file, so that one that ends too early is known for it before its first record is loaded."""
    data = path.read_bytes()
    if path.name.endswith(".gz"):
        data = gzip.decompress(data)
    return data.removeprefix(BYTE_ORDER_MARK)


def records_of(file: str, data: bytes) -> Iterator[Record]:
    header: list[str] = []
    for number, line in enumerate(lines_of(data), 1):
        raw = line.decode("utf-8", errors="replace")
        cells = cells_of(raw)
        if number == 1:
            header = cells
            continue
        yield Record(file, number, raw, cells, dict(zip(header, cells)), None)


def lines_of(data: bytes) -> Iterator[bytes]:
    """A quoted cell may hold the end of a line, so a record ends where its quotes are even in number."""
    record = b""
    for line in data.split(b"\n"):
        record += line
        if record.count(b'"') % 2 == 1:
            record += b"\n"
            continue
        if record != b"":
            yield record.removesuffix(b"\r")
        record = b""


def cells_of(raw: str) -> list[str]:
    return next(csv.reader([raw]))
