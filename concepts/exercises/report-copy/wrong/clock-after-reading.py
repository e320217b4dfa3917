with psycopg.connect(url) as db:
    db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    fetch(db, "berlin")
    fetch(db, "lyon")
    as_of = db.execute("SELECT clock_timestamp()").fetchone()[0]
convert("copy.tmp", as_of)
os.replace("copy.tmp", "copy.parquet")
