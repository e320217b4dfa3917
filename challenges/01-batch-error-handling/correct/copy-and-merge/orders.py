"""Copies a delivery into temporary tables in one go, and merges what is not there yet."""

from checks import Bad, order_of
from files import records

ORDER = "order_id, customer, amount, ordered_on, note, file, line"
BAD = "raw, reason, file, line"


class TooManyErrors(Exception):
    """Nothing of this delivery is published."""


def load(connection, folder: str, limit: float) -> None:
    good, bad = parted(folder)
    if len(bad) > limit * (len(good) + len(bad)):
        raise TooManyErrors(f"{len(bad)} records are bad")
    with connection.transaction():
        merge(connection, "orders", ORDER, good)
        merge(connection, "quarantine", BAD, bad)


def parted(folder: str) -> tuple[list[tuple], list[tuple]]:
    good, bad = [], []
    for record in records(folder):
        try:
            good.append((*order_of(record), record.file, record.line))
        except Bad as reason:
            bad.append((record.raw, str(reason), record.file, record.line))
    return good, bad


def merge(connection, table: str, columns: str, rows: list[tuple]) -> None:
    connection.execute(f"CREATE TEMPORARY TABLE new_{table} (LIKE {table}) ON COMMIT DROP")
    with connection.cursor() as cursor, cursor.copy(f"COPY new_{table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute(
        f"""
        MERGE INTO {table} old USING new_{table} new ON old.file = new.file AND old.line = new.line
        WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({", ".join(f"new.{name}" for name in columns.split(", "))})
        """
    )
