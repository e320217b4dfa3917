try:
    with db.transaction():
        db.execute("INSERT INTO request VALUES (%s, %s, %s)", [key, account, amount])
        balance, = db.execute(BOOK, [amount, account]).fetchone()
        db.execute("UPDATE request SET answer = %s WHERE key = %s", [f"balance {balance}", key])
        return f"balance {balance}"
except psycopg.errors.UniqueViolation:
    known = db.execute("SELECT account, amount, answer FROM request WHERE key = %s", [key]).fetchone()
    return known[2] if known[:2] == (account, amount) else "refused"
