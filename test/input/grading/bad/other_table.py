import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE ordres (id text, amount numeric)")
    connection.execute("INSERT INTO ordres VALUES ('o-1', 1)")
