"""Loads a delivery of orders into PostgreSQL. Every file here is yours to change."""

import os
from datetime import date
from decimal import Decimal

import psycopg

from files import Record, records
from report import write_report

BATCH = 20

INSERT_ORDER = """
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


def order_of(record: Record) -> tuple:
    fields = record.fields
    return (
        fields["order_id"],
        fields["customer"],
        Decimal(fields["amount"]),
        date.fromisoformat(fields["ordered_on"]),
        fields["note"],
    )


def load(connection) -> None:
    for number, record in enumerate(records(os.environ["INPUT_DIR"]), 1):
        # A record may be bad. Then it belongs in the table quarantine, with its reason.
        order = order_of(record)
        connection.execute(INSERT_ORDER, (*order, record.file, record.line))
        if number % BATCH == 0:
            connection.commit()
    connection.commit()


with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    load(connection)
    write_report(connection, os.environ["OUTPUT_DIR"])
