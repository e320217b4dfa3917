at, = db.execute("SELECT at FROM position").fetchone()
horizon, = db.execute("""SELECT pg_snapshot_xmin(
                           pg_current_snapshot())::text""").fetchone()
db.execute("""INSERT INTO warehouse SELECT id FROM orders
              WHERE xid >= %s::xid8 AND xid < %s::xid8""",
           [at, horizon])
db.execute("UPDATE position SET at = %s", [horizon])
