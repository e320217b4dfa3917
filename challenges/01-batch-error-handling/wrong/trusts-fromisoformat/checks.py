"""What makes a record a good one."""

import re
from datetime import date
from decimal import Decimal

from files import Record

AMOUNT = re.compile(r"[0-9]{1,8}\.[0-9]{2}")


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
    # Decimal takes "NaN" and "1e3" for numbers, so the text is looked at first.
    if AMOUNT.fullmatch(amount) is None or Decimal(amount) == 0:
        raise Bad("amount")
    try:
        ordered_on = date.fromisoformat(day)
    except ValueError:
        raise Bad("date") from None
    return (fields["order_id"], fields["customer"], Decimal(amount), ordered_on, fields["note"])
