with db.transaction():
    last, = db.execute("SELECT at::int FROM position").fetchone()
    db.execute("INSERT INTO warehouse SELECT id FROM orders WHERE id > %s - 10", [last])
    db.execute("""UPDATE position SET at =
                  (SELECT coalesce(max(id), 0) FROM warehouse)""")
