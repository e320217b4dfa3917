"""Reads a replication slot over a connection of its own. Plumbing; what it is used for, and when, is decided elsewhere."""

import os
import select
import struct
import time
from dataclasses import dataclass

import psycopg

from pgoutput import Decoder

NAME = "pipeline"
PUBLICATION = "pipeline"
EPOCH = 946684800  # PostgreSQL counts from the year 2000


@dataclass
class Keepalive:
    """All of the log before this position has been looked at; what of it was for us has come."""

    end: int


class Slot:
    def __init__(self):
        self._connection = psycopg.connect(os.environ["DATABASE_URL"], replication="database", autocommit=True)

    def exists(self) -> bool:
        found = self._connection.execute(f"SELECT 1 FROM pg_replication_slots WHERE slot_name = '{NAME}'")
        return found.fetchone() is not None

    def drop(self) -> None:
        self._connection.execute(f"DROP_REPLICATION_SLOT {NAME} WAIT")

    def create(self) -> tuple[str, int]:
        """Makes the slot. Gives the name of a snapshot that shows the tables as they are just where the slot begins (it
        can be used until the next call), and that position."""
        made = self._connection.execute(f"CREATE_REPLICATION_SLOT {NAME} LOGICAL pgoutput (SNAPSHOT 'export')")
        _, position, snapshot, _ = made.fetchone()
        return snapshot, lsn_of(position)

    def events(self):
        """Begins where the slot was confirmed last, and never ends."""
        connection = self._connection.pgconn
        options = f"proto_version '1', publication_names '{PUBLICATION}'"
        begun = connection.exec_(f"START_REPLICATION SLOT {NAME} LOGICAL 0/0 ({options})".encode())
        if begun.status != psycopg.pq.ExecStatus.COPY_BOTH:
            raise psycopg.OperationalError(connection.get_error_message())
        decoder = Decoder()
        while True:
            size, data = connection.get_copy_data(1)
            if size == 0:
                select.select([connection.socket], [], [])
                connection.consume_input()
                continue
            if size < 0:
                raise psycopg.OperationalError("the server ended the stream")
            message = bytes(data)
            if message[:1] == b"k":
                yield Keepalive(struct.unpack_from(">q", message, 1)[0])
            elif (event := decoder.event(message[25:])) is not None:
                yield event

    def confirm(self, position: int) -> None:
        """Tells the server that all before this position is safe: it is never sent again."""
        clock = int((time.time() - EPOCH) * 1_000_000)
        self._connection.pgconn.put_copy_data(struct.pack(">cqqqqb", b"r", position, position, position, clock, 0))
        self._connection.pgconn.flush()


def lsn_of(text: str) -> int:
    """A position as PostgreSQL writes it, as a number."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def lsn_text(position: int) -> str:
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
