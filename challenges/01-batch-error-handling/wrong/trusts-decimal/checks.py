"""What makes a record a good one. What Decimal takes for a number is one: NaN, too."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from files import Record

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Bad(Exception):
    """A record that is not loaded; its text is the reason."""


def order_of(record: Record) -> tuple:
    """The row that a good record becomes. The checks stand in the order of the list of reasons."""
    if record.fault is not None:
        raise Bad(record.fault)
    if len(record.cells) != 5:
        raise Bad("columns")
    fields = record.fields
    if fields["order_id"] == "" or fields["customer"] == "":
        raise Bad("missing")
    amount, day = fields["amount"], fields["ordered_on"]
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise Bad("amount") from None
    if number.is_nan() is False and number <= 0:
        raise Bad("amount")
    if DAY.fullmatch(day) is None:
        raise Bad("date")
    try:
        ordered_on = date.fromisoformat(day)
    except ValueError:
        raise Bad("date") from None
    return (fields["order_id"], fields["customer"], Decimal(amount), ordered_on, fields["note"])
