import datetime
with psycopg.connect(url) as db:
    db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    fetch(db, "berlin")
    fetch(db, "lyon")
convert("copy.tmp", datetime.datetime.now(datetime.timezone.utc))
os.replace("copy.tmp", "copy.parquet")
