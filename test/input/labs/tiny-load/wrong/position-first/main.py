"""Commits the position before the orders that it stands for."""

import os

import psycopg
from orders import INSERT, batches, position

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for batch, end in batches(position(connection)):
        connection.execute("INSERT INTO progress VALUES (%s)", (end,))
        connection.commit()
        connection.cursor().executemany(INSERT, batch)
        connection.commit()
