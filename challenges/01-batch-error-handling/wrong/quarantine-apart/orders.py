"""Loads in one transaction, and parks bad records over a second connection, which commits each at once."""

import os

import psycopg

from checks import Bad, order_of
from files import file_names, records

INSERT_ORDER = """
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
PARK = "INSERT INTO quarantine (raw, reason, file, line) VALUES (%s, %s, %s, %s)"


class TooManyErrors(Exception):
    """Nothing of this delivery is published."""


def load(connection, folder: str, limit: float) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as aside, connection.transaction():
        connection.execute("DELETE FROM orders WHERE file = ANY(%s)", (file_names(folder),))
        for record in records(folder):
            try:
                connection.execute(INSERT_ORDER, (*order_of(record), record.file, record.line))
            except Bad as reason:
                aside.execute(PARK, (record.raw, str(reason), record.file, record.line))
