"""Commits the numbers 1 to 4 by the driver and in the way that its arguments name; says each one that it was told of."""

import asyncio
import os
import sys

URL = os.environ["DATABASE_URL"]


def told(n):
    print("told", n, flush=True)


def psycopg2(way):
    import psycopg2

    connection = psycopg2.connect(URL)
    connection.autocommit = way == "autocommit"
    for n in range(1, 5):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO done (n) VALUES (%s)", [n])
        if way == "transaction":
            connection.commit()
        told(n)
    connection.close()


async def asyncpg(way):
    import asyncpg

    connection = await asyncpg.connect(URL)
    for n in range(1, 5):
        if way == "transaction":
            async with connection.transaction():
                await connection.execute("INSERT INTO done (n) VALUES ($1)", n)
        elif way == "many":
            await connection.executemany("INSERT INTO done (n) VALUES ($1)", [(n,)])
        else:
            await connection.execute("INSERT INTO done (n) VALUES ($1)", n)
        told(n)
    await connection.close()


driver, way = sys.argv[1:]
if driver == "psycopg2":
    psycopg2(way)
else:
    asyncio.run(asyncpg(way))
