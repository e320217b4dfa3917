"""Asks again and again for rows that changed since the last look."""

import os
import signal
import sys
import time

import psycopg

TABLES = {"checking": "id", "savings": "id", "heartbeat": "n"}


def look(connection, table: str, key: str, since):
    cursor = connection.execute(f"SELECT * FROM source.{table} WHERE updated_at > %s ORDER BY updated_at", (since,))
    names = [column.name for column in cursor.description]
    rows = cursor.fetchall()
    for row in rows:
        values = ", ".join(["%s"] * len(names))
        updates = ", ".join(f"{name} = excluded.{name}" for name in names)
        statement = f"INSERT INTO target.{table} VALUES ({values}) ON CONFLICT ({key}) DO UPDATE SET {updates}"
        connection.execute(statement, row)
    connection.commit()
    return max([since, *(row[names.index("updated_at")] for row in rows)])


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    seen = dict.fromkeys(TABLES, connection.execute("SELECT '1970-01-01'::timestamptz").fetchone()[0])
    while True:
        for table, key in TABLES.items():
            seen[table] = look(connection, table, key, seen[table])
        time.sleep(0.02)
