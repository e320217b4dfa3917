"""The first bad record of a file ends the file, and the program says that all went well."""

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
        broken = set()
        for record in records(folder):
            if record.file in broken:
                continue
            try:
                connection.execute(INSERT_ORDER, (*order_of(record), record.file, record.line))
            except Bad as reason:
                broken.add(record.file)
                connection.execute(PARK, (record.raw, str(reason), record.file, record.line))
