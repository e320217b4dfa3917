with psycopg.connect(url) as db:
    db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    as_of = db.execute("SELECT now()").fetchone()[0]
    fetch(db, "berlin")
    fetch(db, "lyon")
convert("copy.parquet", as_of)
