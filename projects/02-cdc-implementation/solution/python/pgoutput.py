"""Reads what a slot sends: one message of pgoutput is one event. Plumbing; there is nothing to decide here.

https://www.postgresql.org/docs/18/protocol-logicalrep-message-formats.html
"""

import struct
from dataclasses import dataclass

# Stands where a large value did not change, and is therefore not sent.
UNCHANGED = object()


@dataclass
class Begin:
    lsn: int  # where the transaction commits


@dataclass
class Commit:
    end: int  # behind the commit: all before it may be confirmed


@dataclass
class Relation:
    table: str
    columns: list  # of (name, oid of its type, type modifier)
    key: list  # names of the columns that identify a row


@dataclass
class Insert:
    relation: Relation
    row: dict  # column: text, None or UNCHANGED


@dataclass
class Update:
    relation: Relation
    old: dict | None  # the former key, only where it changed
    row: dict


@dataclass
class Delete:
    relation: Relation
    old: dict  # the key


class Decoder:
    def __init__(self):
        self.relations = {}

    def event(self, message: bytes):
        """The event in a message; None where it is of no interest here."""
        reader = Reader(message)
        kind = reader.byte()
        if kind == "B":
            return Begin(reader.number("q"))
        if kind == "C":
            reader.number("b")
            reader.number("q")
            return Commit(reader.number("q"))
        if kind == "R":
            return self._relation(reader)
        if kind in "IUD":
            return self._change(kind, reader)
        return None

    def _relation(self, reader) -> Relation:
        number = reader.number("i")
        reader.text()
        table = reader.text()
        reader.byte()
        columns, key = [], []
        for _ in range(reader.number("h")):
            is_key = reader.number("b") == 1
            name = reader.text()
            columns.append((name, reader.number("i"), reader.number("i")))
            if is_key:
                key.append(name)
        self.relations[number] = Relation(table, columns, key)
        return self.relations[number]

    def _change(self, kind: str, reader):
        relation = self.relations[reader.number("i")]
        old = None
        which = reader.byte()
        if which in "KO":
            row = reader.row(relation)
            old = {name: row[name] for name in relation.key}
            if kind == "D":
                return Delete(relation, old)
            reader.byte()
        row = reader.row(relation)
        return Insert(relation, row) if kind == "I" else Update(relation, old, row)


class Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def byte(self) -> str:
        self.at += 1
        return chr(self.data[self.at - 1])

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def text(self) -> str:
        end = self.data.index(0, self.at)
        value = self.data[self.at : end].decode()
        self.at = end + 1
        return value

    def row(self, relation: Relation) -> dict:
        values = {}
        for position in range(self.number("h")):
            name = relation.columns[position][0]
            kind = self.byte()
            if kind == "t":
                size = self.number("i")
                values[name] = self.data[self.at : self.at + size].decode()
                self.at += size
            else:
                values[name] = UNCHANGED if kind == "u" else None
        return values
