move = "UPDATE state SET applied = %s WHERE applied < %s"
if db.execute(move, [lsn, lsn]).rowcount == 0:
    return
with db.transaction():
    for op, old_id, row in changes:
        if op == "insert":
            db.execute(INSERT, [row["id"], row["price"], row["manual"]])
            db.execute("UPDATE state SET n = n + 1")
        elif op == "delete":
            db.execute("DELETE FROM follower WHERE id = %s", [old_id])
            db.execute("UPDATE state SET n = n - 1")
        else:
            old = row["id"] if old_id is None else old_id
            db.execute("UPDATE follower SET id = %s, price = %s WHERE id = %s",
                       [row["id"], row["price"], old])
            if row["manual"] != UNCHANGED:
                db.execute("UPDATE follower SET manual = %s WHERE id = %s",
                           [row["manual"], row["id"]])
