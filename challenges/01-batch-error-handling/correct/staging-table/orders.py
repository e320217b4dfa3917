"""Loads into tables of its own, batch by batch, and publishes all of it in one transaction."""

from checks import Bad, order_of
from files import file_names, records

BATCH = 20
COLUMNS = "order_id, customer, amount, ordered_on, note, file, line"
STAGE_ORDER = f"INSERT INTO staged_orders ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)"
STAGE_BAD = "INSERT INTO staged_bad (raw, reason, file, line) VALUES (%s, %s, %s, %s)"


class TooManyErrors(Exception):
    """Nothing of this delivery is published."""


def load(connection, folder: str, limit: float) -> None:
    names = file_names(folder)
    prepare(connection)
    if not is_published(connection, names):
        stage(connection, folder)
        publish(connection, names, limit)


def prepare(connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS staged_orders (LIKE orders)")
    connection.execute("CREATE TABLE IF NOT EXISTS staged_bad (LIKE quarantine)")
    connection.execute("CREATE TABLE IF NOT EXISTS staged_up_to (position integer NOT NULL)")
    connection.execute("CREATE TABLE IF NOT EXISTS published (file text PRIMARY KEY)")
    connection.commit()


def is_published(connection, names: list[str]) -> bool:
    row = connection.execute("SELECT count(*) FROM published WHERE file = ANY(%s)", (names,)).fetchone()
    connection.commit()
    return row[0] == len(names)


def stage(connection, folder: str) -> None:
    """In batches, each in one transaction with the position that it reaches."""
    everything = list(records(folder))
    position = connection.execute("SELECT coalesce(max(position), 0) FROM staged_up_to").fetchone()[0]
    connection.commit()
    for start in range(position, len(everything), BATCH):
        batch = everything[start : start + BATCH]
        for record in batch:
            try:
                connection.execute(STAGE_ORDER, (*order_of(record), record.file, record.line))
            except Bad as reason:
                connection.execute(STAGE_BAD, (record.raw, str(reason), record.file, record.line))
        connection.execute("INSERT INTO staged_up_to VALUES (%s)", (start + len(batch),))
        connection.commit()


def publish(connection, names: list[str], limit: float) -> None:
    good = connection.execute("SELECT count(*) FROM staged_orders").fetchone()[0]
    bad = connection.execute("SELECT count(*) FROM staged_bad").fetchone()[0]
    is_too_bad = bad > limit * (good + bad)
    if not is_too_bad:
        connection.execute(f"INSERT INTO orders ({COLUMNS}) SELECT {COLUMNS} FROM staged_orders")
        connection.execute("INSERT INTO quarantine (raw, reason, file, line) SELECT raw, reason, file, line FROM staged_bad")
        connection.execute("INSERT INTO published SELECT unnest(%s::text[])", (names,))
    # In the same transaction: what is published, or refused, is not staged any more.
    connection.execute("TRUNCATE staged_orders, staged_bad, staged_up_to")
    connection.commit()
    if is_too_bad:
        raise TooManyErrors(f"{bad} of {good + bad} records are bad")
