with db.transaction():
    for op, old_id, row in changes:
        if op == "insert":
            db.execute(INSERT + """ ON CONFLICT (id) DO UPDATE
                                    SET price = excluded.price, manual = excluded.manual""",
                       [row["id"], row["price"], row["manual"]])
        elif op == "delete":
            db.execute("DELETE FROM follower WHERE id = %s", [old_id])
        else:
            old = row["id"] if old_id is None else old_id
            db.execute("UPDATE follower SET id = %s, price = %s WHERE id = %s",
                       [row["id"], row["price"], old])
            if row["manual"] != UNCHANGED:
                db.execute("UPDATE follower SET manual = %s WHERE id = %s",
                           [row["manual"], row["id"]])
    db.execute("UPDATE state SET n = (SELECT count(*) FROM follower)")
