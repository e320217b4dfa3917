"""Loads a delivery of orders into PostgreSQL: all of it in one transaction, which first removes what it loads."""

import os

import psycopg

from checks import Bad, order_of
from files import file_names, records
from report import write_report

INSERT_ORDER = """
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
PARK = "INSERT INTO quarantine (raw, reason, file, line) VALUES (%s, %s, %s, %s)"


def load(connection, folder: str) -> None:
    # What an earlier start left of these files goes in the transaction that brings it anew: once or not at all.
    for table in ("orders", "quarantine"):
        connection.execute(f"DELETE FROM {table} WHERE file = ANY(%s)", (file_names(folder),))
    for record in records(folder):
        try:
            connection.execute(INSERT_ORDER, (*order_of(record), record.file, record.line))
        except Bad as bad:
            connection.execute(PARK, (record.raw, str(bad), record.file, record.line))


with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    with connection.transaction():
        load(connection, os.environ["INPUT_DIR"])
    write_report(connection, os.environ["OUTPUT_DIR"])
