"""Carries changes over to the schema target."""

from psycopg import sql

from columns import add_columns
from pgoutput import UNCHANGED, Insert, Relation, Update


def apply(connection, event) -> None:
    if isinstance(event, Relation):
        add_columns(connection, event.table, event.columns)
    elif isinstance(event, Insert):
        insert(connection, event.relation, event.row)
    elif isinstance(event, Update):
        update(connection, event)


def insert(connection, relation: Relation, row: dict) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}").format(
        named(relation),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
        sql.SQL(", ").join(map(sql.Identifier, relation.key)),
        sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in row),
    )
    connection.execute(statement, list(row.values()))


def update(connection, event: Update) -> None:
    """The former key finds the row; what was not sent has not changed and stays as it is."""
    row = {name: value for name, value in event.row.items() if value is not UNCHANGED}
    where, keys = condition(event.old or {name: row[name] for name in event.relation.key})
    assignments = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in row)
    statement = sql.SQL("UPDATE {} SET {} WHERE {}").format(named(event.relation), assignments, where)
    connection.execute(statement, [*row.values(), *keys])


def condition(key: dict):
    parts = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in key]
    return sql.SQL(" AND ").join(parts), list(key.values())


def named(relation: Relation):
    return sql.Identifier("target", relation.table)
