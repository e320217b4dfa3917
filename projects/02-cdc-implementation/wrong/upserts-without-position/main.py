"""Keeps the schema target equal to the published tables of the schema source."""

import os
import signal
import sys

import psycopg

from columns import add_columns
from pgoutput import Begin, Commit
from slot import NAME, PUBLICATION, Keepalive, Slot, lsn_of, lsn_text
from target import apply

URL = os.environ["DATABASE_URL"]
COLUMNS = """SELECT attname, atttypid, atttypmod FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""


def copy_all(target, slot: Slot) -> None:
    """The slot comes first, and its snapshot shows what was there before it: nothing falls between the two."""
    if slot.exists():
        slot.drop()
    snapshot, begin = slot.create()
    with psycopg.connect(URL) as source, target.transaction():
        source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        source.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        published = "SELECT tablename FROM pg_publication_tables WHERE pubname = %s"
        for (table,) in source.execute(published, (PUBLICATION,)).fetchall():
            target.execute(f"DELETE FROM target.{table}")
            copy_table(source, target, table)
        target.execute(
            "INSERT INTO target.progress VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET lsn = excluded.lsn",
            (NAME, lsn_text(begin)),
        )


def copy_table(source, target, table: str) -> None:
    columns = source.execute(COLUMNS, (f"source.{table}",)).fetchall()
    # A copy that is made again may meet a column that the first one did not.
    add_columns(target, table, columns)
    names = ", ".join(name for name, _, _ in columns)
    read = source.cursor().copy(f"COPY source.{table} ({names}) TO STDOUT")
    write = target.cursor().copy(f"COPY target.{table} ({names}) FROM STDIN")
    with read as rows, write as copy:
        for part in rows:
            copy.write(part)


def follow(target, slot: Slot, applied: int) -> None:
    """Each transaction of the source becomes one of the target, which also holds how far it came."""
    inside = skip = False
    for event in slot.events():
        if isinstance(event, Keepalive):
            # The target holds all before its record, and nothing of ours lies before the end of what was looked at.
            if not inside:
                applied = max(applied, event.end)
                slot.confirm(applied)
        elif isinstance(event, Begin):
            inside = True
            # Applied a second time, each change leaves what it left the first time.
            skip = False
        elif isinstance(event, Commit):
            inside = False
            if not skip:
                target.execute("UPDATE target.progress SET lsn = %s WHERE name = %s", (lsn_text(event.end), NAME))
                target.commit()
                applied = event.end
            slot.confirm(event.end)
        elif not skip:
            apply(target, event)


def progress(target) -> int | None:
    row = target.execute("SELECT lsn::text FROM target.progress WHERE name = %s", (NAME,)).fetchone()
    target.commit()
    return None if row is None else lsn_of(row[0])


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with psycopg.connect(URL) as target:
    slot = Slot()
    # Without a record the copy was never whole; without the slot, changes since it was lost are nowhere.
    if progress(target) is None or not slot.exists():
        copy_all(target, slot)
    follow(target, slot, progress(target))
