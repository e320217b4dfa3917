"""Records a payment as settled, then settles it: killed in between, nobody does."""

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
        with connection.transaction():
            connection.execute(RECORD, (payment["id"], payment["order_id"], payment["amount"]))
        answer = api.settle(payment["id"])
        if answer.status != 200:
            with connection.transaction():
                connection.execute("DELETE FROM payments WHERE payment_id = %s", (payment["id"],))
                connection.execute(REFUSE, (payment["id"],))
