"""Settles what can be settled, and says at the end that something could not."""

from api import Api, BudgetSpent

RECORD = "INSERT INTO payments (payment_id, order_id, amount) VALUES (%s, %s, %s)"
REFUSE = "INSERT INTO quarantine (raw, reason) VALUES (%s, 'refused')"


def settle_all(connection, api: Api) -> None:
    done = {
        payment
        for (payment,) in connection.execute(
            "SELECT payment_id FROM payments UNION SELECT raw FROM quarantine WHERE reason = 'refused'"
        )
    }
    connection.commit()
    failed = 0
    for payment in api.payments():
        if payment["id"] in done:
            continue
        answer = api.settle(payment["id"])
        if not answer.is_final:
            failed += 1
            continue
        # Killed before this commit, the next start asks with the same key and records the same.
        with connection.transaction():
            if answer.status == 200:
                connection.execute(RECORD, (payment["id"], payment["order_id"], payment["amount"]))
            else:
                connection.execute(REFUSE, (payment["id"],))
    if failed > 0:
        raise BudgetSpent(f"{failed} payments are not settled")
