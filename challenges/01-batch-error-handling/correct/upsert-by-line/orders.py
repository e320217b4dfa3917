"""Loads a delivery so that the same line of the same file can be loaded any number of times: the key refuses the double."""

from checks import Bad, order_of
from files import file_names, records

UPSERT_ORDER = """
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (file, line) DO UPDATE SET (order_id, customer, amount, ordered_on, note) =
        (excluded.order_id, excluded.customer, excluded.amount, excluded.ordered_on, excluded.note)
"""
PARK_ONCE = """
    INSERT INTO quarantine (raw, reason, file, line) VALUES (%s, %s, %s, %s)
    ON CONFLICT (file, line) DO UPDATE SET (raw, reason) = (excluded.raw, excluded.reason)
"""


class TooManyErrors(Exception):
    """Nothing of this delivery is published."""


def load(connection, folder: str, limit: float) -> None:
    for table in ("orders", "quarantine"):
        connection.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {table}_line ON {table} (file, line)")
    connection.commit()
    refuse_bad_delivery(folder, limit)
    with connection.transaction():
        for record in records(folder):
            try:
                connection.execute(UPSERT_ORDER, (*order_of(record), record.file, record.line))
            except Bad as reason:
                connection.execute(PARK_ONCE, (record.raw, str(reason), record.file, record.line))


def refuse_bad_delivery(folder: str, limit: float) -> None:
    """Reads all of it once before anything is written."""
    total = bad = 0
    for record in records(folder):
        total += 1
        try:
            order_of(record)
        except Bad:
            bad += 1
    if bad > limit * total:
        raise TooManyErrors(f"{bad} of {total} records are bad in {len(file_names(folder))} files")
