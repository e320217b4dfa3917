"""Carries changes over to the schema target. Yours."""

from psycopg import sql


def apply(connection, event) -> None:
    """Called for each Insert, Update and Delete; see pgoutput.py for what they hold."""
    # event.relation.table is the table's name, event.row a dictionary of column and text.
    raise NotImplementedError(f"what is to be done with {type(event).__name__}?")


def named(relation):
    return sql.Identifier("target", relation.table)
