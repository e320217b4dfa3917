with db.transaction():
    claim = db.execute("INSERT INTO request VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [key, account, amount])
    if claim.rowcount == 0:
        return "already booked"
    balance, = db.execute(BOOK, [amount, account]).fetchone()
    return f"balance {balance}"
