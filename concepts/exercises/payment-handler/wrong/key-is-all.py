with db.transaction():
    claim = db.execute("INSERT INTO request VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [key, account, amount])
    if claim.rowcount == 1:
        balance, = db.execute(BOOK, [amount, account]).fetchone()
        db.execute("UPDATE request SET answer = %s WHERE key = %s", [f"balance {balance}", key])
    return db.execute("SELECT answer FROM request WHERE key = %s", [key]).fetchone()[0]
