"""The columns of the target follow those of the source."""

from psycopg import sql


def add_columns(connection, table: str, columns: list) -> None:
    """Adds what is missing of these names, types and type modifiers, as pg_attribute and a Relation tell them."""
    for name, oid, modifier in columns:
        (kind,) = connection.execute("SELECT format_type(%s, %s)", (oid, modifier)).fetchone()
        statement = "ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} " + kind
        connection.execute(sql.SQL(statement).format(sql.Identifier("target", table), sql.Identifier(name)))
