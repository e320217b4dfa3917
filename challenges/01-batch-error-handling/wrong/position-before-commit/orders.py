"""Saves its position, then commits: what lay between them when it was killed is never loaded."""

import os

from checks import Bad, order_of
from files import records

BATCH = 20

INSERT_ORDER = """
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
PARK = "INSERT INTO quarantine (raw, reason, file, line) VALUES (%s, %s, %s, %s)"


def position_file() -> str:
    return os.path.join(os.environ["OUTPUT_DIR"], "position")


def read_position() -> int:
    if not os.path.exists(position_file()):
        return 0
    with open(position_file(), encoding="utf-8") as file:
        return int(file.read())


def save_position(number: int) -> None:
    with open(position_file() + ".new", "w", encoding="utf-8") as file:
        file.write(str(number))
    os.replace(position_file() + ".new", position_file())


class TooManyErrors(Exception):
    """Nothing of this delivery is published."""


def add(connection, record) -> None:
    try:
        connection.execute(INSERT_ORDER, (*order_of(record), record.file, record.line))
    except Bad as reason:
        connection.execute(PARK, (record.raw, str(reason), record.file, record.line))


def load(connection, folder: str, limit: float) -> None:
    everything = list(records(folder))
    for start in range(read_position(), len(everything), BATCH):
        batch = everything[start : start + BATCH]
        save_position(start + len(batch))
        for record in batch:
            add(connection, record)
        connection.commit()
