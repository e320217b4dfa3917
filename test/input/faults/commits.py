"""Commits the numbers 1 to 4, each by itself, in the way that its argument names; says each one that it was told of."""

import os
import sys

import psycopg

INSERT = "INSERT INTO done (n) VALUES (%s)"


def transaction(connection, n):
    connection.execute("SELECT count(*) FROM done")
    connection.commit()
    connection.execute(INSERT, [-n])
    connection.rollback()
    connection.execute("SAVEPOINT a")
    connection.execute(INSERT, [n])
    connection.execute("ROLLBACK TO SAVEPOINT a")
    connection.execute(INSERT, [n])
    connection.commit()


def autocommit(connection, n):
    connection.autocommit = True
    connection.execute("SELECT count(*) FROM done")
    connection.execute(INSERT, [n])


def simple(connection, n):
    connection.autocommit = True
    connection.execute(f"BEGIN; INSERT INTO done VALUES ({n}); COMMIT; SELECT 1")


def implicit(connection, n):
    connection.autocommit = True
    connection.execute(f"SELECT 1; INSERT INTO done VALUES ({n}); UPDATE done SET n = n WHERE n = {n}")


def copy(connection, n):
    with connection.cursor().copy("COPY done (n) FROM STDIN") as rows:
        rows.write_row([n])
    connection.commit()


def copy_autocommit(connection, n):
    connection.autocommit = True
    with connection.cursor().copy("COPY done (n) FROM STDIN") as rows:
        rows.write_row([n])


def pipeline(connection, n):
    connection.autocommit = True
    with connection.pipeline(), connection.transaction():
        connection.execute("SELECT 1")
        connection.execute(INSERT, [n])


def flight(connection, n):
    """Two transactions and one Sync; the second one fails."""
    raw = connection.pgconn
    raw.enter_pipeline_mode()
    last = b"INSERT INTO done VALUES (1 / 0)"
    sent = [b"BEGIN", b"INSERT INTO done VALUES (%d)" % n, b"COMMIT", b"BEGIN", last, b"COMMIT"]
    for sql in sent:
        raw.send_query_params(sql, None)
    raw.pipeline_sync()
    raw.flush()
    while (result := raw.get_result()) is None or result.status != psycopg.pq.ExecStatus.PIPELINE_SYNC:
        pass
    raw.get_result()
    raw.exit_pipeline_mode()
    connection.rollback()


def prepared(connection, n):
    connection.prepare_threshold = 0
    connection.execute(INSERT, [n])
    connection.commit()


def function(connection, n):
    connection.autocommit = True
    connection.execute("SELECT add_done(%s)", [n])


def caught(connection, n):
    connection.autocommit = True
    try:
        connection.execute("INSERT INTO done VALUES (1 / 0)")
    except psycopg.errors.DivisionByZero:
        pass
    connection.execute(INSERT, [n])


with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for n in range(1, 5):
        globals()[sys.argv[1]](connection, n)
        print("told", n, flush=True)
    if len(sys.argv) > 2:
        os._exit(0)
