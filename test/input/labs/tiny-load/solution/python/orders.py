"""What is to be loaded, in batches, and where it goes."""

import json
import os

BATCH = 5
INSERT = "INSERT INTO orders (id, amount) VALUES (%(id)s, %(amount)s)"


def batches(begin: int):
    """Each with the position that it reaches."""
    with open(os.path.join(os.environ["INPUT_DIR"], "orders.jsonl"), encoding="utf-8") as file:
        orders = [json.loads(line) for line in file]
    for start in range(begin, len(orders), BATCH):
        batch = orders[start : start + BATCH]
        yield batch, start + len(batch)


def position(connection) -> int:
    return connection.execute("SELECT coalesce(max(position), 0) FROM progress").fetchone()[0]
