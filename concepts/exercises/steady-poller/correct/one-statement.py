db.execute("""
    WITH horizon AS (
      SELECT pg_snapshot_xmin(pg_current_snapshot()) AS upto
    ), moved AS (
      UPDATE position SET at = upto::text FROM horizon
    )
    INSERT INTO warehouse
    SELECT id FROM orders, horizon, position
    WHERE xid >= position.at::xid8 AND xid < upto""")
