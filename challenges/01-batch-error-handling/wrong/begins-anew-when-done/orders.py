"""Survives every kill; but where a report lies, it takes the last run for another one, and loads all again."""

import os

from checks import Bad, order_of
from files import records

BATCH = 20

INSERT_ORDER = """
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
PARK = "INSERT INTO quarantine (raw, reason, file, line) VALUES (%s, %s, %s, %s)"


def read_position(connection) -> int:
    connection.execute("CREATE TABLE IF NOT EXISTS progress (position integer NOT NULL)")
    row = connection.execute("SELECT max(position) FROM progress").fetchone()
    connection.commit()
    return row[0] or 0


class TooManyErrors(Exception):
    """Nothing of this delivery is published."""


def add(connection, record) -> None:
    try:
        connection.execute(INSERT_ORDER, (*order_of(record), record.file, record.line))
    except Bad as reason:
        connection.execute(PARK, (record.raw, str(reason), record.file, record.line))


def load(connection, folder: str, limit: float) -> None:
    if os.path.exists(os.path.join(os.environ["OUTPUT_DIR"], "report.json")):
        connection.execute("DROP TABLE IF EXISTS progress")
    everything = list(records(folder))
    for start in range(read_position(connection), len(everything), BATCH):
        batch = everything[start : start + BATCH]
        for record in batch:
            add(connection, record)
        connection.execute("INSERT INTO progress VALUES (%s)", (start + len(batch),))
        connection.commit()
