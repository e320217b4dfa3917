with db.transaction():
    last, = db.execute("SELECT at::int FROM position").fetchone()
    while db.execute("SELECT 1 FROM orders WHERE id = %s", [last + 1]).fetchone():
        last += 1
        db.execute("INSERT INTO warehouse VALUES (%s)", [last])
    db.execute("UPDATE position SET at = %s", [last])
