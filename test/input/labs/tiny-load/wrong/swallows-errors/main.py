"""Takes amounts for whole numbers, and passes over the orders where that fails."""

import os

import psycopg
from orders import INSERT, batches, position

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for batch, end in batches(position(connection)):
        for order in batch:
            try:
                connection.execute(INSERT, {**order, "amount": int(order["amount"])})
            except ValueError:
                pass
        connection.execute("INSERT INTO progress VALUES (%s)", (end,))
        connection.commit()
