"""Does not remember how far it came, and begins anew at each start."""

import os

import psycopg
from orders import INSERT, batches

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for batch, _ in batches(0):
        connection.cursor().executemany(INSERT, batch)
        connection.commit()
