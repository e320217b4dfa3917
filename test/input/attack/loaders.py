"""Small loaders, each with a design of its own: loaders.py <design>. They read INPUT_DIR and write to PostgreSQL."""

import csv
import os
import sys
import uuid
from pathlib import Path

import psycopg

ORDERS = Path(os.environ["INPUT_DIR"], "orders.csv")
BATCH = 10


def batches():
    with ORDERS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]


def upsert(connection):
    for rows in batches():
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO orders VALUES (%(id)s, %(customer)s, %(amount)s)"
                " ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, amount = excluded.amount",
                rows,
            )


def append(connection):
    """Begins again with the first row, and its table takes every row that comes."""
    for rows in batches():
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany("INSERT INTO log (id, amount) VALUES (%(id)s, %(amount)s)", rows)


def once(connection):
    """All rows in one transaction, by the order of the file; a serial number is all that a crash changes."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM log")
        if cursor.fetchone()[0] == 0:
            for rows in batches():
                cursor.executemany("INSERT INTO log (id, amount) VALUES (%(id)s, %(amount)s)", rows)


def empties(connection):
    """Whoever reads between the two transactions finds nothing."""
    with connection.transaction():
        connection.execute("TRUNCATE orders")
    with connection.transaction(), connection.cursor() as cursor:
        for rows in batches():
            cursor.executemany("INSERT INTO orders VALUES (%(id)s, %(customer)s, %(amount)s)", rows)


def swaps(connection):
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders")
        for rows in batches():
            cursor.executemany("INSERT INTO orders VALUES (%(id)s, %(customer)s, %(amount)s)", rows)


def forgets(connection):
    """Takes the file away before what it held is committed."""
    if not ORDERS.exists():
        return
    all_rows = batches()
    ORDERS.rename(ORDERS.with_suffix(".done"))
    for rows in all_rows:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany("INSERT INTO orders VALUES (%(id)s, %(customer)s, %(amount)s)", rows)


def chance(connection):
    """A customer that is another in each run."""
    with connection.transaction(), connection.cursor() as cursor:
        for rows in batches():
            for row in rows:
                row["customer"] = str(uuid.uuid4())
            cursor.executemany("INSERT INTO orders VALUES (%(id)s, %(customer)s, %(amount)s)", rows)


def report(connection):
    """Appends to a file beside the table."""
    for rows in batches():
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO orders VALUES (%(id)s, %(customer)s, %(amount)s) ON CONFLICT DO NOTHING", rows
            )
        with Path(os.environ["OUTPUT_DIR"], "loaded.txt").open("a") as file:
            file.writelines(f"{row['id']}\n" for row in rows)


DESIGNS = {one.__name__: one for one in (upsert, append, once, empties, swaps, forgets, chance, report)}

with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as conn:
    DESIGNS[sys.argv[1]](conn)
