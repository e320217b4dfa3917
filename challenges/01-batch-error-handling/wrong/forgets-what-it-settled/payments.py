"""Records all payments in one transaction at the end, and none where the end does not come."""

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
    answers = []
    for payment in api.payments():
        if payment["id"] in done:
            continue
        answers.append((payment, api.settle(payment["id"])))
    with connection.transaction():
        for payment, answer in answers:
            if answer.status == 200:
                connection.execute(RECORD, (payment["id"], payment["order_id"], payment["amount"]))
            else:
                connection.execute(REFUSE, (payment["id"],))
