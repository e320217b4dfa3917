with db.transaction():
    request = f"{account} {amount}"
    claim = db.execute("INSERT INTO request VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [request, account, amount])
    if claim.rowcount == 1:
        balance, = db.execute(BOOK, [amount, account]).fetchone()
        db.execute("UPDATE request SET answer = %s WHERE key = %s", [f"balance {balance}", request])
    return db.execute("SELECT answer FROM request WHERE key = %s", [request]).fetchone()[0]
