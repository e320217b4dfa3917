"""Writes a row in a transaction that is prepared first and carried out then, on one connection."""

import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.tpc_begin(connection.xid(1, "pipeline", "row"))
    connection.execute("INSERT INTO later VALUES (1)")
    connection.tpc_prepare()
    connection.tpc_commit()
