"""Settles each payment that the API lists, if it goes well at once."""

from api import Api

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
    for payment in api.payments():
        if payment["id"] in done:
            continue
        answer = api.settle(payment["id"])
        # Killed before this commit, the next start asks with the same key and records the same.
        with connection.transaction():
            if answer.status == 200:
                connection.execute(RECORD, (payment["id"], payment["order_id"], payment["amount"]))
            elif answer.is_final:
                connection.execute(REFUSE, (payment["id"],))
