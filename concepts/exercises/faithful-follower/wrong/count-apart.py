if db.execute("SELECT 1 FROM state WHERE applied >= %s", [lsn]).fetchone():
    return
inserts = sum(op == "insert" for op, _, _ in changes)
deletes = sum(op == "delete" for op, _, _ in changes)
db.execute("UPDATE state SET n = n + %s", [inserts - deletes])
with db.transaction():
    for op, old_id, row in changes:
        if op == "insert":
            db.execute(INSERT, [row["id"], row["price"], row["manual"]])
        elif op == "delete":
            db.execute("DELETE FROM follower WHERE id = %s", [old_id])
        else:
            old = row["id"] if old_id is None else old_id
            db.execute("UPDATE follower SET id = %s, price = %s WHERE id = %s",
                       [row["id"], row["price"], old])
            if row["manual"] != UNCHANGED:
                db.execute("UPDATE follower SET manual = %s WHERE id = %s",
                           [row["manual"], row["id"]])
    db.execute("UPDATE state SET applied = %s", [lsn])
