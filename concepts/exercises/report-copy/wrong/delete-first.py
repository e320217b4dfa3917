if os.path.exists("copy.parquet"):
    os.remove("copy.parquet")
with psycopg.connect(url) as db:
    db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    as_of = db.execute("SELECT now()").fetchone()[0]
    fetch(db, "berlin")
    fetch(db, "lyon")
convert("copy.tmp", as_of)
os.replace("copy.tmp", "copy.parquet")
