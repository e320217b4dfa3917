seen = handle.__dict__.setdefault("seen", {})
if key in seen:
    return seen[key][1] if seen[key][0] == (account, amount) else "refused"
balance, = db.execute(BOOK, [amount, account]).fetchone()
seen[key] = ((account, amount), f"balance {balance}")
return f"balance {balance}"
