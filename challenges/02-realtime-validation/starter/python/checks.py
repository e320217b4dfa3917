"""What is wrong with a trip, if anything."""


def reason_of(message):
    """The first reason of the list that applies, or None. `message.value()` is bytes."""
    # Here every trip is valid. That is the hole.
    return None
