with psycopg.connect(url) as db:
    db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    as_of = db.execute("SELECT now()").fetchone()[0]
    fetch(db, "berlin")
    fetch(db, "lyon")
convert("new.parquet", as_of)
if os.path.exists("copy.parquet"):
    duckdb.sql("COPY (FROM read_parquet(['copy.parquet', 'new.parquet'])) TO 'both.parquet'")
    os.replace("both.parquet", "copy.parquet")
else:
    os.replace("new.parquet", "copy.parquet")
