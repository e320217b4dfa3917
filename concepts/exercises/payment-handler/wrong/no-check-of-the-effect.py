with db.transaction():
    claim = db.execute("INSERT INTO request VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [key, account, amount])
    if claim.rowcount == 1:
        db.execute(BOOK, [amount, account])
        answer = db.execute("""SELECT 'balance ' || coalesce(sum(balance), 0)
                               FROM account WHERE id = %s""", [account]).fetchone()[0]
        db.execute("UPDATE request SET answer = %s WHERE key = %s", [answer, key])
    known = db.execute("SELECT account, amount, answer FROM request WHERE key = %s", [key]).fetchone()
    return known[2] if known[:2] == (account, amount) else "refused"
