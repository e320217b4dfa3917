balance, = db.execute("""INSERT INTO account VALUES (%s, %s)
                         ON CONFLICT (id) DO UPDATE SET balance = account.balance + excluded.balance
                         RETURNING balance""", [account, amount]).fetchone()
return f"balance {balance}"
