"""Keeps the schema target equal to the published tables of the schema source. Every file here is yours to change."""

import os
import signal
import sys

import psycopg

from pgoutput import Begin, Commit, Relation
from slot import PUBLICATION, Keepalive, Slot
from target import apply

URL = os.environ["DATABASE_URL"]


def copy_all(target, slot: Slot) -> None:
    with psycopg.connect(URL) as source:
        published = "SELECT tablename FROM pg_publication_tables WHERE pubname = %s"
        for (table,) in source.execute(published, (PUBLICATION,)).fetchall():
            copy_table(source, target, table)
    target.commit()
    slot.create()


def copy_table(source, target, table: str) -> None:
    names = [column.name for column in source.execute(f"SELECT * FROM source.{table} LIMIT 0").description]
    columns = ", ".join(names)
    read = source.cursor().copy(f"COPY source.{table} ({columns}) TO STDOUT")
    write = target.cursor().copy(f"COPY target.{table} ({columns}) FROM STDIN")
    with read as rows, write as copy:
        for part in rows:
            copy.write(part)


def follow(target, slot: Slot) -> None:
    for event in slot.events():
        if isinstance(event, Commit):
            slot.confirm(event.end)
            target.commit()
        elif not isinstance(event, (Begin, Relation, Keepalive)):
            apply(target, event)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with psycopg.connect(URL) as target:
    slot = Slot()
    if not slot.exists():
        copy_all(target, slot)
    follow(target, slot)
