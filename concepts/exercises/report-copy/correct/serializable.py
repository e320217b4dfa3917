with psycopg.connect(url, autocommit=True) as db:
    with db.transaction():
        db.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY")
        as_of = db.execute("SELECT statement_timestamp()").fetchone()[0]
        fetch(db, "berlin")
        fetch(db, "lyon")
    convert("next.parquet", as_of)
    os.replace("next.parquet", "copy.parquet")
