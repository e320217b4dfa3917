with db.transaction():
    db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [key])
    known = db.execute("SELECT account, amount, answer FROM request WHERE key = %s", [key]).fetchone()
    if known is None:
        row = db.execute(BOOK, [amount, account]).fetchone()
        if row is None:
            return "no such account"
        answer = f"balance {row[0]}"
        db.execute("INSERT INTO request VALUES (%s, %s, %s, %s)", [key, account, amount, answer])
        return answer
    if known[0] != account or known[1] != amount:
        return "refused"
    return known[2]
