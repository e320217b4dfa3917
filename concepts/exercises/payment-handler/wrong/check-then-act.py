with db.transaction():
    known = db.execute("SELECT account, amount, answer FROM request WHERE key = %s", [key]).fetchone()
    if known is not None:
        return known[2] if known[:2] == (account, amount) else "refused"
    balance, = db.execute(BOOK, [amount, account]).fetchone()
    answer = f"balance {balance}"
    db.execute("INSERT INTO request VALUES (%s, %s, %s, %s)", [key, account, amount, answer])
    return answer
