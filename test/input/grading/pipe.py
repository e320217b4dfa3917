"""A batch loader in several designs, right and wrong. argv: design, then how the connection is used."""

import json
import os
import sys
import threading
import time

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

if design == "sleeps":
    open(os.path.join(os.environ["OUTPUT_DIR"], "alive"), "w", encoding="utf-8").close()
    time.sleep(1000)

def beat():
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as own:
        # A number that is another one in each run, as that of a clock's beats is.
        for _ in range(3 + os.getpid() % 97):
            own.execute("INSERT INTO beats VALUES (now())")


heart = threading.Thread(target=beat)
if design.startswith("beating-"):
    design = design.removeprefix("beating-")
    heart.start()

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
    if design == "empties":
        connection.execute("TRUNCATE orders")
        connection.commit()
    if design == "swap":
        connection.execute("CREATE TABLE IF NOT EXISTS staged (id text, amount numeric)")
        connection.execute("TRUNCATE staged, orders")
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
            sql = f"INSERT INTO {'staged' if design == 'swap' else 'orders'} (id, amount) VALUES (%s, %s)"
            if design == "upsert":
                sql += " ON CONFLICT (id) DO UPDATE SET amount = excluded.amount"
            connection.execute(sql, (row["id"], row["amount"]))
            if design == "per-row":
                connection.commit()
        if design == "same-transaction":
            connection.execute("DELETE FROM progress")
            connection.execute("INSERT INTO progress VALUES (%s)", (end,))
        if design != "swap":
            connection.commit()
        if design in ("after", "per-row"):
            save(end)
        print(f"loaded {end}", file=sys.stderr)
    if design == "swap":
        connection.execute("INSERT INTO orders SELECT * FROM staged")
        connection.commit()
