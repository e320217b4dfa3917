with db.transaction():
    claim = db.execute("INSERT INTO request VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [key, account, amount])
    if claim.rowcount == 1:
        db.execute(BOOK, [amount, account])
    balance, = db.execute("SELECT balance FROM account WHERE id = %s", [account]).fetchone()
    return f"balance {balance}"
