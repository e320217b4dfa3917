"""Reads the orders, and loads none of them yet."""

import json
import os

with open(os.path.join(os.environ["INPUT_DIR"], "orders.jsonl"), encoding="utf-8") as file:
    orders = [json.loads(line) for line in file]
print(f"{len(orders)} orders")
