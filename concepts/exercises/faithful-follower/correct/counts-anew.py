with db.transaction():
    if db.execute("SELECT 1 FROM state WHERE applied >= %s", [lsn]).fetchone():
        return
    for op, old_id, row in changes:
        manual = None if row is None else row["manual"]
        if manual == UNCHANGED:
            manual, = db.execute("SELECT manual FROM follower WHERE id = %s",
                                 [row["id"] if old_id is None else old_id]).fetchone()
        if old_id is not None:
            db.execute("DELETE FROM follower WHERE id = %s", [old_id])
        if row is not None:
            db.execute("""INSERT INTO follower VALUES (%s, %s, %s)
                          ON CONFLICT (id) DO UPDATE
                          SET price = excluded.price, manual = excluded.manual""",
                       [row["id"], row["price"], manual])
    db.execute("UPDATE state SET applied = %s, n = (SELECT count(*) FROM follower)", [lsn])
