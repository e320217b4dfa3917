"""A batch loader in several designs, right and wrong. argv: design, then how the connection is used."""

import json
import os
import sys

import psycopg

design = sys.argv[1]
rows = [json.loads(line) for line in open(os.path.join(os.environ["INPUT_DIR"], "orders.jsonl"), encoding="utf-8")]
position_file = os.path.join(os.environ["OUTPUT_DIR"], "position")
batch_size = 20


def load():
    try:
        return int(open(position_file, encoding="utf-8").read())
    except FileNotFoundError:
        return 0


def save(position):
    with open(position_file + ".tmp", "w", encoding="utf-8") as file:
        file.write(str(position))
    os.replace(position_file + ".tmp", position_file)


if design == "dies":
    print("I stop at the first row")
    raise SystemExit(7)

if design == "idle":
    raise SystemExit(0)

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    if design == "same-transaction":
        found = connection.execute("SELECT position FROM progress").fetchone()
        position = found[0] if found else 0
    elif design in ("after", "before", "per-row"):
        position = load()
    else:
        position = 0
    if design == "upsert":
        connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS orders_id ON orders (id)")
    connection.commit()
    if design == "hangs" and os.path.exists(position_file):
        while True:
            pass
    for start in range(position, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        end = start + len(batch)
        if design == "hangs":
            save(end)
        if design == "before":
            save(end)
        for row in batch:
            sql = "INSERT INTO orders (id, amount) VALUES (%s, %s)"
            if design == "upsert":
                sql += " ON CONFLICT (id) DO UPDATE SET amount = excluded.amount"
            connection.execute(sql, (row["id"], row["amount"]))
            if design == "per-row":
                connection.commit()
        if design == "same-transaction":
            connection.execute("DELETE FROM progress")
            connection.execute("INSERT INTO progress VALUES (%s)", (end,))
        connection.commit()
        if design in ("after", "per-row"):
            save(end)
        print(f"loaded {end}", file=sys.stderr)
