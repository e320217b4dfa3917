"""Loads all of it at each start: the key refuses what is there already."""

import os

import psycopg
from orders import INSERT, batches

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS orders_id ON orders (id)")
    for batch, _ in batches(0):
        connection.cursor().executemany(f"{INSERT} ON CONFLICT (id) DO NOTHING", batch)
        connection.commit()
