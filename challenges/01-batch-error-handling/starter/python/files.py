"""Reads the files of a delivery, record by record."""

import csv
from pathlib import Path
from typing import Iterator, NamedTuple


class Record(NamedTuple):
    file: str  # its name, like branch-1.csv
    line: int  # the header is line 1
    raw: str  # as it stands in the file, without the end of the line
    cells: list[str]
    fields: dict[str, str]  # the cells under the header's names


def records(folder: str) -> Iterator[Record]:
    for path in sorted(Path(folder).glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as file:
            lines = (line.rstrip("\r\n") for line in file)
            header = cells_of(next(lines))
            for number, raw in enumerate(lines, 2):
                cells = cells_of(raw)
                yield Record(path.name, number, raw, cells, dict(zip(header, cells)))


def cells_of(raw: str) -> list[str]:
    return next(csv.reader([raw]))
