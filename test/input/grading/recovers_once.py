"""Cleans up after a kill, but forgets that it must before it has: right when it is killed once, and not twice."""

import json
import os

import psycopg

out = os.environ["OUTPUT_DIR"]
begun, position = os.path.join(out, "begun"), os.path.join(out, "position")
rows = [json.loads(line) for line in open(os.path.join(os.environ["INPUT_DIR"], "orders.jsonl"), encoding="utf-8")]


def read(path, otherwise):
    return int(open(path, encoding="utf-8").read()) if os.path.exists(path) else otherwise


def write(path, value):
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(str(value))
    os.replace(path + ".tmp", path)


at = read(position, 0)
with psycopg.connect(os.environ["DATABASE_URL"]) as db:
    if read(begun, -1) == at:
        os.remove(begun)
        db.execute("DELETE FROM orders WHERE id = ANY(%s)", [[row["id"] for row in rows[at : at + 20]]])
        db.commit()
    while at < len(rows):
        write(begun, at)
        for row in rows[at : at + 20]:
            db.execute("INSERT INTO orders VALUES (%s, %s)", [row["id"], row["amount"]])
        db.commit()
        at += 20
        write(position, at)
