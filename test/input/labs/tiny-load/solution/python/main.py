"""Loads in batches, each in one transaction with the position that it reaches."""

import os

import psycopg
from orders import INSERT, batches, position

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for batch, end in batches(position(connection)):
        connection.cursor().executemany(INSERT, batch)
        connection.execute("INSERT INTO progress VALUES (%s)", (end,))
        connection.commit()
