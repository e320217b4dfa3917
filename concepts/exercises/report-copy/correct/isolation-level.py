db = psycopg.connect(url)
db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
db.read_only = True
as_of, = db.execute("SELECT transaction_timestamp()").fetchone()
for table in ("lyon", "berlin"):
    fetch(db, table)
db.rollback()
db.close()
convert("new.parquet", as_of)
os.rename("new.parquet", "copy.parquet")
