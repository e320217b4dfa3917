with db.transaction():
    claim = db.execute("INSERT INTO request VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [key, account, amount])
    if claim.rowcount == 1:
        balance, = db.execute(BOOK, [amount, account]).fetchone()
if claim.rowcount == 1:
    db.execute("UPDATE request SET answer = %s WHERE key = %s", [f"balance {balance}", key])
known = db.execute("SELECT account, amount, answer FROM request WHERE key = %s", [key]).fetchone()
return known[2] if known[:2] == (account, amount) else "refused"
