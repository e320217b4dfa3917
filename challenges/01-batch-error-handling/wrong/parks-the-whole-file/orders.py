"""One bad record spoils its file: all that follows it goes to quarantine, too."""

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
        broken = {}
        for record in records(folder):
            try:
                order = order_of(record)
            except Bad as reason:
                broken[record.file] = str(reason)
                connection.execute(PARK, (record.raw, str(reason), record.file, record.line))
                continue
            if record.file in broken:
                connection.execute(PARK, (record.raw, broken[record.file], record.file, record.line))
            else:
                connection.execute(INSERT_ORDER, (*order, record.file, record.line))
