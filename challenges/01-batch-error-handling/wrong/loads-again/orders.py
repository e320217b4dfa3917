"""Commits in batches and keeps no record of how far it came."""

from checks import Bad, order_of
from files import records

BATCH = 20

INSERT_ORDER = """
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
PARK = "INSERT INTO quarantine (raw, reason, file, line) VALUES (%s, %s, %s, %s)"


class TooManyErrors(Exception):
    """Nothing of this delivery is published."""


def add(connection, record) -> None:
    try:
        connection.execute(INSERT_ORDER, (*order_of(record), record.file, record.line))
    except Bad as reason:
        connection.execute(PARK, (record.raw, str(reason), record.file, record.line))


def load(connection, folder: str, limit: float) -> None:
    for number, record in enumerate(records(folder), 1):
        add(connection, record)
        if number % BATCH == 0:
            connection.commit()
    connection.commit()
