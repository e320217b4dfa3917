with psycopg.connect(url, autocommit=True) as db:
    as_of = db.execute("SELECT now()").fetchone()[0]
    fetch(db, "berlin")
    fetch(db, "lyon")
convert("copy.tmp", as_of)
os.replace("copy.tmp", "copy.parquet")
