with db.transaction():
    claim = db.execute("""INSERT INTO request
                          VALUES (%s, %s, %s)
                          ON CONFLICT DO NOTHING""",
                       [key, account, amount])
    if claim.rowcount == 1:
        balance, = db.execute(BOOK, [amount, account]).fetchone()
        answer = f"balance {balance}"
        db.execute("UPDATE request SET answer = %s WHERE key = %s",
                   [answer, key])
        return answer
    known = db.execute("""SELECT account, amount, answer
                          FROM request WHERE key = %s""", [key])
    *request, answer = known.fetchone()
    return answer if request == [account, amount] else "refused"
