"""Counts the errors when all is published."""

from checks import Bad, order_of
from files import file_names, records

INSERT_ORDER = """
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
PARK = "INSERT INTO quarantine (raw, reason, file, line) VALUES (%s, %s, %s, %s)"


class TooManyErrors(Exception):
    """Nothing of this delivery is published."""


def load(connection, folder: str, limit: float) -> None:
    with connection.transaction():
        for table in ("orders", "quarantine"):
            connection.execute(f"DELETE FROM {table} WHERE file = ANY(%s)", (file_names(folder),))
        total = bad = 0
        for record in records(folder):
            total += 1
            try:
                connection.execute(INSERT_ORDER, (*order_of(record), record.file, record.line))
            except Bad as reason:
                bad += 1
                connection.execute(PARK, (record.raw, str(reason), record.file, record.line))
    if bad > limit * total:
        raise TooManyErrors(f"{bad} of {total} records are bad")
