import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("DROP TABLE orders")
    connection.execute("CREATE TABLE orders (number int)")
