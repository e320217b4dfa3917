"""Loads INPUT_DIR/orders.csv with dlt; argv: the write disposition."""

import csv
import os
import sys
from pathlib import Path

import dlt

with Path(os.environ["INPUT_DIR"], "orders.csv").open(newline="") as file:
    orders = list(csv.DictReader(file))

pipeline = dlt.pipeline("shop", destination="postgres", dataset_name="mart")
pipeline.run(orders, table_name="orders", write_disposition=sys.argv[1], primary_key="id")
