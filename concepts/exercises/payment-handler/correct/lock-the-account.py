LOOK = "SELECT account, amount, answer FROM request WHERE key = %s"
with db.transaction():
    # Requests for one account wait for each other here, so looking before writing is safe.
    db.execute("SELECT 1 FROM account WHERE id = %s FOR UPDATE", [account])
    known = db.execute(LOOK, [key]).fetchone()
    if known is not None:
        return known[2] if known[:2] == (account, amount) else "refused"
    row = db.execute(BOOK, [amount, account]).fetchone()
    if row is None:
        raise LookupError(account)
    answer = f"balance {row[0]}"
    db.execute("INSERT INTO request VALUES (%s, %s, %s, %s)", [key, account, amount, answer])
    return answer
